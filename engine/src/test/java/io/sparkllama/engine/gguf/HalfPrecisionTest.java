package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

class HalfPrecisionTest {
  @Test
  void everyHalfNumberSurvivesBothWays() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = HalfPrecision.fromF16((short) bits);
      if (!Float.isNaN(value)) {
        assertThat(HalfPrecision.toF16(value)).isEqualTo((short) bits);
      } else {
        assertThat(HalfPrecision.fromF16(HalfPrecision.toF16(value))).isNaN();
      }
      float brain = HalfPrecision.fromBf16((short) bits);
      if (!Float.isNaN(brain)) {
        assertThat(HalfPrecision.toBf16(brain)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void knownHalfNumbers() {
    assertThat(HalfPrecision.fromF16((short) 0x3c00)).isEqualTo(1f);
    assertThat(HalfPrecision.fromF16((short) 0x7bff)).isEqualTo(65504f);
    assertThat(HalfPrecision.fromF16((short) 0x0001)).isEqualTo(0x1p-24f);
    assertThat(HalfPrecision.fromF16((short) 0x0400)).isEqualTo(0x1p-14f);
    assertThat(HalfPrecision.fromF16((short) 0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(HalfPrecision.fromBf16((short) 0xc040)).isEqualTo(-3f);
    assertThat(HalfPrecision.toBf16(-3f)).isEqualTo((short) 0xc040);
  }

  /** Halfway between two neighbours goes to the even one; one step beyond goes to the nearer. */
  @Test
  void roundingIsToNearestEven() {
    for (int bits = 0; bits < 0x7bff; bits++) {
      float low = HalfPrecision.fromF16((short) bits);
      float high = HalfPrecision.fromF16((short) (bits + 1));
      float middle =
          new BigDecimal(low).add(new BigDecimal(high)).divide(BigDecimal.valueOf(2)).floatValue();
      int even = bits % 2 == 0 ? bits : bits + 1;
      assertThat(HalfPrecision.toF16(middle)).isEqualTo((short) even);
      assertThat(HalfPrecision.toF16(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(HalfPrecision.toF16(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
      assertThat(HalfPrecision.toF16(-middle)).isEqualTo((short) (even | 0x8000));
    }
    assertThat(HalfPrecision.toF16(65519.996f)).isEqualTo((short) 0x7bff);
    assertThat(HalfPrecision.toF16(65520f)).isEqualTo((short) 0x7c00);
  }

  @Test
  void brainRoundingIsToNearestEven() {
    assertThat(HalfPrecision.toBf16(Float.intBitsToFloat(0x3f808000))).isEqualTo((short) 0x3f80);
    assertThat(HalfPrecision.toBf16(Float.intBitsToFloat(0x3f818000))).isEqualTo((short) 0x3f82);
    assertThat(HalfPrecision.toBf16(Float.intBitsToFloat(0x3f808001))).isEqualTo((short) 0x3f81);
    assertThat(HalfPrecision.toBf16(Float.intBitsToFloat(0x7f800001))).isEqualTo((short) 0x7fc0);
  }
}
