package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineFailedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds what the boundary refuses: nothing is read or written outside of the buffers. */
class QuantizeNativesTest {
  private static final int F32 = 0;
  private static final int Q4_0 = 2;
  private static final int Q8_0 = 8;
  private static final int IQ4_XS = 23;

  @BeforeAll
  static void load() {
    NativeLibrary.load(Optional.empty());
  }

  @Test
  void encodesAndSumsWhatWasLost() {
    ByteBuffer source = ByteBuffer.allocateDirect(4 * 32).order(ByteOrder.nativeOrder());
    for (int i = 0; i < 32; i++) {
      source.putFloat(4 * i, i - 127);
    }
    ByteBuffer target = ByteBuffer.allocateDirect(34);

    double[] sums = QuantizeNatives.quantize(F32, source, Q8_0, target, 32);

    assertThat(target.get(2)).isEqualTo((byte) -127);
    assertThat(target.get(33)).isEqualTo((byte) -96);
    double squares = 0;
    for (int i = 96; i <= 127; i++) {
      squares += i * i;
    }
    assertThat(sums).containsExactly(squares, 0);
    source.putFloat(0, -126.75f);
    sums = QuantizeNatives.quantize(F32, source, Q8_0, target, 32);
    assertThat(sums[1]).isPositive();
  }

  @Test
  void refusesBuffersOfAnotherSize() {
    ByteBuffer floats = ByteBuffer.allocateDirect(4 * 32);
    ByteBuffer blocks = ByteBuffer.allocateDirect(18);
    QuantizeNatives.quantize(F32, floats, Q4_0, blocks, 32);
    assertRefused(() -> QuantizeNatives.quantize(F32, floats, Q4_0, blocks, 31), "source");
    assertRefused(() -> QuantizeNatives.quantize(F32, floats, Q4_0, blocks, 64), "source");
    assertRefused(
        () -> QuantizeNatives.quantize(F32, floats, Q4_0, blocks.slice(0, 17), 32), "target");
    assertRefused(
        () -> QuantizeNatives.quantize(F32, floats.slice(0, 127), Q4_0, blocks, 32), "source");
    assertRefused(() -> QuantizeNatives.quantize(F32, floats, Q4_0, blocks, 0), "0 elements");
    assertRefused(() -> QuantizeNatives.quantize(F32, floats, Q4_0, blocks, -32), "-32 elements");
    assertRefused(() -> QuantizeNatives.quantize(F32, floats, Q4_0, blocks, 1L << 40), "elements");
  }

  @Test
  void refusesTypesThatItCannotMake() {
    ByteBuffer floats = ByteBuffer.allocateDirect(4 * 256);
    ByteBuffer blocks = ByteBuffer.allocateDirect(136);
    assertRefused(() -> QuantizeNatives.quantize(F32, floats, 4, blocks, 256), "type 4");
    assertRefused(() -> QuantizeNatives.quantize(-1, floats, Q4_0, blocks, 256), "type -1");
    assertRefused(() -> QuantizeNatives.quantize(F32, floats, IQ4_XS, blocks, 256), "IQ4_XS");
    assertRefused(() -> QuantizeNatives.quantize(F32, null, Q4_0, blocks, 256), "direct buffer");
    assertRefused(
        () -> QuantizeNatives.quantize(F32, floats, Q4_0, ByteBuffer.allocate(144), 256),
        "direct buffer");
  }

  private static void assertRefused(Runnable call, String words) {
    assertThatThrownBy(call::run)
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining(words);
  }
}
