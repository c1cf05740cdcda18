package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compares dequantization with the {@code gguf} Python package bit for bit: both round each
 * operation to 32 bits. {@code scripts/dequantization_vectors.py} made the vectors.
 */
class DequantizerTest {
  @ParameterizedTest
  @EnumSource(QuantizationType.class)
  void equalsTheIndependentReference(QuantizationType type) throws IOException {
    ByteBuffer vectors = vectors(type);
    float[] actual = new float[vectors.getInt()];
    int byteSize = actual.length / type.blockSize() * type.blockBytes();
    ByteBuffer blocks = vectors.slice(vectors.position(), byteSize);
    float[] expected = new float[actual.length];
    vectors.position(vectors.position() + byteSize);
    vectors.asFloatBuffer().get(expected);
    assertThat(vectors.remaining()).isEqualTo(4 * expected.length);
    assertThat(expected.length).isGreaterThanOrEqualTo(64);

    Dequantizer.dequantize(type, blocks, actual);

    assertThat(bits(actual)).containsExactly(bits(expected));
  }

  @ParameterizedTest
  @EnumSource(QuantizationType.class)
  void everyBitPatternIsSafe(QuantizationType type) {
    Random random = new Random(7);
    byte[] bytes = new byte[type.blockBytes() * 4];
    float[] numbers = new float[type.blockSize() * 4];
    for (int round = 0; round < 200; round++) {
      random.nextBytes(bytes);
      assertThatCode(() -> Dequantizer.dequantize(type, ByteBuffer.wrap(bytes), numbers))
          .doesNotThrowAnyException();
    }
    Arrays.fill(bytes, (byte) -1);
    Dequantizer.dequantize(type, ByteBuffer.wrap(bytes), numbers);
    assertThat(numbers[0]).isNaN();
  }

  @Test
  void partsOfBlocksAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Dequantizer.dequantize(
                    QuantizationType.Q8_0, ByteBuffer.allocate(34), new float[31]));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Dequantizer.dequantize(
                    QuantizationType.Q8_0, ByteBuffer.allocate(33), new float[32]));
  }

  private static ByteBuffer vectors(QuantizationType type) throws IOException {
    try (InputStream in = DequantizerTest.class.getResourceAsStream(type + ".bin")) {
      assertThat(in).as("vectors of %s", type).isNotNull();
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  private static int[] bits(float[] numbers) {
    int[] bits = new int[numbers.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(numbers[i]);
    }
    return bits;
  }
}
