package io.sparkllama.engine.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Turns stored blocks into 32-bit floats: the readable reference for every type. Layouts are those
 * of ggml; operations are rounded one by one to 32 bits, never fused, so that results are the same
 * bits as ggml's own reference.
 */
public final class Dequantizer {
  /** The sixteen levels of IQ4_NL and IQ4_XS. */
  private static final int[] NON_LINEAR_LEVELS = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  private Dequantizer() {}

  /**
   * Fills {@code numbers} from as many whole blocks.
   *
   * @param bytes from its position on; left as it is
   * @param numbers {@code [whole blocks * type.blockSize()]}
   */
  public static void dequantize(QuantizationType type, ByteBuffer bytes, float[] numbers) {
    int blocks = numbers.length / type.blockSize();
    if (blocks * type.blockSize() != numbers.length
        || bytes.remaining() != (long) blocks * type.blockBytes()) {
      throw new IllegalArgumentException(
          "no whole blocks of %s: %d numbers, %d bytes"
              .formatted(type, numbers.length, bytes.remaining()));
    }
    ByteBuffer source = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    for (int block = 0; block < blocks; block++) {
      dequantizeBlock(type, source, block * type.blockBytes(), numbers, block * type.blockSize());
    }
  }

  /** Fills a block's numbers, from {@code out} on, from its bytes, from {@code in} on. */
  private static void dequantizeBlock(
      QuantizationType type, ByteBuffer source, int in, float[] numbers, int out) {
    switch (type) {
      case F32 -> numbers[out] = source.getFloat(in);
      case F16 -> numbers[out] = HalfPrecision.fromF16(source.getShort(in));
      case BF16 -> numbers[out] = HalfPrecision.fromBf16(source.getShort(in));
      case Q4_0 -> q4(source, in, numbers, out);
      case Q4_1 -> q4WithMinimum(source, in, numbers, out);
      case Q5_0 -> q5(source, in, numbers, out);
      case Q5_1 -> q5WithMinimum(source, in, numbers, out);
      case Q8_0 -> q8(source, in, numbers, out);
      case IQ4_NL -> iq4(source, in, numbers, out);
      case Q2_K -> SuperBlockDequantizer.q2(source, in, numbers, out);
      case Q3_K -> SuperBlockDequantizer.q3(source, in, numbers, out);
      case Q4_K -> SuperBlockDequantizer.q4(source, in, numbers, out);
      case Q5_K -> SuperBlockDequantizer.q5(source, in, numbers, out);
      case Q6_K -> SuperBlockDequantizer.q6(source, in, numbers, out);
      case IQ4_XS -> iq4WithSubScales(source, in, numbers, out);
    }
  }

  static float f16(ByteBuffer source, int in) {
    return HalfPrecision.fromF16(source.getShort(in));
  }

  static int unsigned(ByteBuffer source, int in) {
    return Byte.toUnsignedInt(source.get(in));
  }

  /** Reads f16 scale, then 16 bytes: low nibbles are elements 0 to 15, high ones 16 to 31. */
  private static void q4(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    for (int i = 0; i < 32; i++) {
      numbers[out + i] = scale * (nibble(source, in + 2, i) - 8);
    }
  }

  /** Reads f16 scale, f16 minimum, then nibbles as in Q4_0. */
  private static void q4WithMinimum(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    float minimum = f16(source, in + 2);
    for (int i = 0; i < 32; i++) {
      numbers[out + i] = scale * nibble(source, in + 4, i) + minimum;
    }
  }

  /** Reads f16 scale, 32 fifth bits, then nibbles as in Q4_0. */
  private static void q5(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    int fifthBits = source.getInt(in + 2);
    for (int i = 0; i < 32; i++) {
      int code = nibble(source, in + 6, i) | (fifthBits >>> i & 1) << 4;
      numbers[out + i] = scale * (code - 16);
    }
  }

  /** Reads f16 scale, f16 minimum, 32 fifth bits, then nibbles as in Q4_0. */
  private static void q5WithMinimum(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    float minimum = f16(source, in + 2);
    int fifthBits = source.getInt(in + 4);
    for (int i = 0; i < 32; i++) {
      int code = nibble(source, in + 8, i) | (fifthBits >>> i & 1) << 4;
      numbers[out + i] = scale * code + minimum;
    }
  }

  /** Reads f16 scale, then 32 signed bytes. */
  private static void q8(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    for (int i = 0; i < 32; i++) {
      numbers[out + i] = scale * source.get(in + 2 + i);
    }
  }

  /** Reads f16 scale, then nibbles as in Q4_0 that choose a level. */
  private static void iq4(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    for (int i = 0; i < 32; i++) {
      numbers[out + i] = scale * NON_LINEAR_LEVELS[nibble(source, in + 2, i)];
    }
  }

  /**
   * Reads f16 scale, the upper 2 bits of eight 6-bit sub-scales, their lower 4 bits (4 bytes), then
   * eight groups of nibbles as in IQ4_NL.
   */
  private static void iq4WithSubScales(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    int upperBits = Short.toUnsignedInt(source.getShort(in + 2));
    for (int group = 0; group < 8; group++) {
      int lower = unsigned(source, in + 4 + group / 2) >>> 4 * (group % 2) & 0xf;
      int subScale = lower | (upperBits >>> 2 * group & 3) << 4;
      float groupScale = scale * (subScale - 32);
      for (int i = 0; i < 32; i++) {
        numbers[out + 32 * group + i] =
            groupScale * NON_LINEAR_LEVELS[nibble(source, in + 8 + 16 * group, i)];
      }
    }
  }

  /** Returns code {@code i} of 32 in 16 bytes. */
  private static int nibble(ByteBuffer source, int in, int i) {
    int pair = unsigned(source, in + i % 16);
    return i < 16 ? pair & 0xf : pair >>> 4;
  }
}
