package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.HalfPrecision;
import io.sparkllama.engine.gguf.QuantizationType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementConversionTest {
  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer converted(
      QuantizationType from, QuantizationType to, float addend, ByteBuffer source) {
    ByteBuffer target = buffer(source.remaining() / from.blockBytes() * to.blockBytes());
    new ElementConversion("w", from, to, addend).convert(source, target);
    return target.flip();
  }

  @ParameterizedTest
  @EnumSource(
      value = QuantizationType.class,
      names = {"F32", "F16", "BF16"})
  void theSameTypeKeepsEveryBit(QuantizationType type) {
    ByteBuffer source = buffer(4 * type.blockBytes());
    for (float value : new float[] {-0.0f, 0x1p-24f, -1.5f, 65504f}) {
      switch (type) {
        case F32 -> source.putFloat(value);
        case F16 -> source.putShort(HalfPrecision.toF16(value));
        default -> source.putShort(HalfPrecision.toBf16(value));
      }
    }
    byte[] bytes = source.array().clone();

    assertThat(converted(type, type, 0, source.flip()).array()).isEqualTo(bytes);
  }

  @Test
  void roundsToTheNearestAndTiesToEven() {
    // 1 + 2^-11 lies halfway between two halves, 1 + 3 * 2^-11 between the next two.
    ByteBuffer source = buffer(8).putFloat(1 + 0x1p-11f).putFloat(1 + 3 * 0x1p-11f).flip();
    ByteBuffer halves = converted(QuantizationType.F32, QuantizationType.F16, 0, source);
    assertThat(halves.getShort()).isEqualTo((short) 0x3c00);
    assertThat(halves.getShort()).isEqualTo((short) 0x3c02);

    ByteBuffer brain = buffer(2).putShort(HalfPrecision.toBf16(-2.5f)).flip();
    assertThat(converted(QuantizationType.BF16, QuantizationType.F32, 0, brain).getFloat())
        .isEqualTo(-2.5f);
  }

  @ParameterizedTest
  @EnumSource(
      value = QuantizationType.class,
      names = {"F16", "BF16"})
  void refusesWhatRoundsToInfinity(QuantizationType type) {
    ByteBuffer source = buffer(4).putFloat(-Float.MAX_VALUE).flip();
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> converted(QuantizationType.F32, type, 0, source))
        .withMessageContaining("too large for " + type)
        .withMessageEndingWith(": w");
  }

  @Test
  void addsIn32BitsAfterWidening() {
    ByteBuffer source = buffer(2).putShort(HalfPrecision.toBf16(0x1p-12f)).flip();
    assertThat(converted(QuantizationType.BF16, QuantizationType.F32, 1, source).getFloat())
        .isEqualTo(1 + 0x1p-12f);
  }
}
