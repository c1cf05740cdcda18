package io.sparkllama.engine.gguf;

import static io.sparkllama.engine.gguf.Dequantizer.f16;
import static io.sparkllama.engine.gguf.Dequantizer.unsigned;

import java.nio.ByteBuffer;

/** Dequantizes blocks of 256 with integer sub-scales: the types with K in their name. */
final class SuperBlockDequantizer {
  private SuperBlockDequantizer() {}

  /**
   * Reads 16 bytes of sub-scale (low nibble) and sub-minimum (high), 64 bytes of 2-bit codes, f16
   * scale, f16 scale of minimums; a sub-scale for each 16.
   */
  static void q2(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in + 80);
    float minimumScale = f16(source, in + 82);
    for (int group = 0; group < 16; group++) {
      int pair = unsigned(source, in + group);
      float groupScale = scale * (pair & 0xf);
      float groupMinimum = minimumScale * (pair >>> 4);
      for (int i = 16 * group; i < 16 * (group + 1); i++) {
        numbers[out + i] = groupScale * twoBits(source, in + 16, i) - groupMinimum;
      }
    }
  }

  /**
   * Reads 32 bytes of third bits (0 subtracts 4), 64 bytes of 2-bit codes, 12 bytes of sixteen
   * 6-bit sub-scales, f16 scale.
   */
  static void q3(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in + 108);
    int scales = in + 96;
    for (int group = 0; group < 16; group++) {
      int lower = unsigned(source, scales + group % 8) >>> 4 * (group / 8) & 0xf;
      int upper = unsigned(source, scales + 8 + group % 4) >>> 2 * (group / 4) & 3;
      float groupScale = scale * ((lower | upper << 4) - 32);
      for (int i = 16 * group; i < 16 * (group + 1); i++) {
        int thirdBit = unsigned(source, in + i % 32) >>> i / 32 & 1;
        int code = twoBits(source, in + 32, i) - (thirdBit == 1 ? 0 : 4);
        numbers[out + i] = groupScale * code;
      }
    }
  }

  /**
   * Reads f16 scale, f16 scale of minimums, 12 bytes of eight 6-bit sub-scales and sub-minimums,
   * 128 bytes of nibbles; a sub-scale for each 32.
   */
  static void q4(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    float minimumScale = f16(source, in + 2);
    for (int group = 0; group < 8; group++) {
      float groupScale = scale * subScale(source, in + 4, group);
      float groupMinimum = minimumScale * subMinimum(source, in + 4, group);
      for (int i = 32 * group; i < 32 * (group + 1); i++) {
        numbers[out + i] = groupScale * nibble(source, in + 16, i) - groupMinimum;
      }
    }
  }

  /** Reads as Q4_K, with 32 bytes of fifth bits before the nibbles. */
  static void q5(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in);
    float minimumScale = f16(source, in + 2);
    for (int group = 0; group < 8; group++) {
      float groupScale = scale * subScale(source, in + 4, group);
      float groupMinimum = minimumScale * subMinimum(source, in + 4, group);
      for (int i = 32 * group; i < 32 * (group + 1); i++) {
        int fifthBit = unsigned(source, in + 16 + i % 32) >>> group & 1;
        int code = nibble(source, in + 48, i) | fifthBit << 4;
        numbers[out + i] = groupScale * code - groupMinimum;
      }
    }
  }

  /**
   * Reads 128 bytes of lower nibbles, 64 bytes of upper bit pairs, sixteen signed bytes of
   * sub-scales, f16 scale.
   */
  static void q6(ByteBuffer source, int in, float[] numbers, int out) {
    float scale = f16(source, in + 208);
    for (int group = 0; group < 16; group++) {
      float groupScale = scale * source.get(in + 192 + group);
      for (int i = 16 * group; i < 16 * (group + 1); i++) {
        int half = i / 128;
        int pair = unsigned(source, in + 64 * half + i % 64);
        int lower = i % 128 < 64 ? pair & 0xf : pair >>> 4;
        int code = lower | twoBits(source, in + 128, i) << 4;
        numbers[out + i] = groupScale * (code - 32);
      }
    }
  }

  /** Returns code {@code i} of 256: each 32 bytes hold 128, in four planes of bit pairs. */
  private static int twoBits(ByteBuffer source, int in, int i) {
    return unsigned(source, in + 32 * (i / 128) + i % 32) >>> 2 * (i % 128 / 32) & 3;
  }

  /** Returns code {@code i} of 256: each 32 bytes hold 64, the low nibbles first. */
  private static int nibble(ByteBuffer source, int in, int i) {
    int pair = unsigned(source, in + 32 * (i / 64) + i % 32);
    return i % 64 < 32 ? pair & 0xf : pair >>> 4;
  }

  /** Returns one of eight sub-scales: 6 bits each, the last four split over two bytes. */
  private static int subScale(ByteBuffer source, int in, int group) {
    if (group < 4) {
      return unsigned(source, in + group) & 0x3f;
    }
    return unsigned(source, in + 4 + group) & 0xf | (unsigned(source, in + group - 4) >>> 6) << 4;
  }

  /** Returns one of eight sub-minimums, packed as the sub-scales are. */
  private static int subMinimum(ByteBuffer source, int in, int group) {
    if (group < 4) {
      return unsigned(source, in + 4 + group) & 0x3f;
    }
    return unsigned(source, in + 4 + group) >>> 4 | (unsigned(source, in + group) >>> 6) << 4;
  }
}
