package io.sparkllama.engine.cli;

import io.sparkllama.engine.gguf.HalfPrecision;
import io.sparkllama.engine.gguf.QuantizationType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Fills rows of a tensor with random weights of a wanted standard deviation, in the tensor's own
 * format. Codes are random bits and scales are set so that the spread comes out right: quantizing
 * real numbers would take minutes for a large model and measure nothing better.
 *
 * <p>A row's bytes depend on the seed and the row alone. Not for several threads at once.
 */
final class RandomBlocks {
  private static final int[] NON_LINEAR_CODES = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  // Mean squares of the integers that random bits stand for.
  private static final double SIGNED_4_BITS = meanSquare(-8, 7);
  private static final double SIGNED_5_BITS = meanSquare(-16, 15);
  private static final double SIGNED_6_BITS = meanSquare(-32, 31);
  private static final double SIGNED_8_BITS = meanSquare(-128, 127);
  private static final double UNSIGNED_6_BITS = meanSquare(0, 63);
  private static final double CENTRED_2_BITS = 1.25;
  private static final double CENTRED_4_BITS = 21.25;
  private static final double CENTRED_5_BITS = 85.25;
  private static final double Q2_SCALES = meanSquare(8, 15);
  private static final double NON_LINEAR = meanSquareOf(NON_LINEAR_CODES);

  private final QuantizationType type;
  private final double deviation;
  private final int blocksPerRow;
  private final long seed;
  private long state;

  RandomBlocks(QuantizationType type, double deviation, long columns, long seed) {
    this.type = type;
    this.deviation = deviation;
    this.blocksPerRow = Math.toIntExact(columns / type.blockSize());
    this.seed = seed;
  }

  /** Returns the bytes of one row. */
  int rowBytes() {
    return blocksPerRow * type.blockBytes();
  }

  /** Writes one row at the buffer's position. */
  void fillRow(long row, ByteBuffer out) {
    state = mixed(seed + mixed(row + 1));
    out.order(ByteOrder.LITTLE_ENDIAN);
    for (int block = 0; block < blocksPerRow; block++) {
      fillBlock(out);
    }
  }

  private void fillBlock(ByteBuffer out) {
    switch (type) {
      case F32 -> out.putFloat(gaussian());
      case F16 -> out.putShort(HalfPrecision.toF16(gaussian()));
      case BF16 -> out.putShort(HalfPrecision.toBf16(gaussian()));
      case Q4_0 -> scaleAndBits(out, SIGNED_4_BITS, 16);
      case Q5_0 -> scaleAndBits(out, SIGNED_5_BITS, 20);
      case IQ4_NL -> scaleAndBits(out, NON_LINEAR, 16);
      case IQ4_XS -> scaleAndBits(out, SIGNED_6_BITS * NON_LINEAR, 134);
      case Q4_1 -> {
        scaleAndMinimum(out, CENTRED_4_BITS, -7.5);
        bits(out, 16);
      }
      case Q5_1 -> {
        scaleAndMinimum(out, CENTRED_5_BITS, -15.5);
        bits(out, 20);
      }
      case Q8_0 -> signedBytes(out);
      case Q2_K -> {
        scalesEqualToMinimums(out);
        bits(out, 64);
        scaleAndMinimum(out, Q2_SCALES * CENTRED_2_BITS, 1.5);
      }
      case Q3_K -> {
        bits(out, 32 + 64 + 12);
        out.putShort(scale(SIGNED_6_BITS * meanSquare(-4, 3)));
      }
      case Q4_K -> {
        scaleAndMinimum(out, UNSIGNED_6_BITS * CENTRED_4_BITS, 7.5);
        packedScalesEqualToMinimums(out);
        bits(out, 128);
      }
      case Q5_K -> {
        scaleAndMinimum(out, UNSIGNED_6_BITS * CENTRED_5_BITS, 15.5);
        packedScalesEqualToMinimums(out);
        bits(out, 32 + 128);
      }
      case Q6_K -> {
        bits(out, 128 + 64 + 16);
        out.putShort(scale(SIGNED_6_BITS * SIGNED_8_BITS));
      }
    }
  }

  private void scaleAndBits(ByteBuffer out, double meanSquare, int bytes) {
    out.putShort(scale(meanSquare));
    bits(out, bytes);
  }

  // The minimum is the multiple of the scale that centres the codes.
  private void scaleAndMinimum(ByteBuffer out, double meanSquare, double multiple) {
    short scale = scale(meanSquare);
    out.putShort(scale);
    out.putShort(HalfPrecision.toF16((float) (HalfPrecision.fromF16(scale) * multiple)));
  }

  // -128 stands in no file that a quantizer wrote: it becomes -127.
  private void signedBytes(ByteBuffer out) {
    out.putShort(scale(meanSquare(-127, 127)));
    for (int i = 0; i < 4; i++) {
      long random = next();
      for (int b = 0; b < 64; b += 8) {
        byte code = (byte) (random >>> b);
        out.put(code == Byte.MIN_VALUE ? -Byte.MAX_VALUE : code);
      }
    }
  }

  // Q2_K: 16 bytes, the scale in the low four bits and the minimum in the high ones.
  private void scalesEqualToMinimums(ByteBuffer out) {
    for (int i = 0; i < 2; i++) {
      long scales = (next() & 0x0707070707070707L) | 0x0808080808080808L;
      out.putLong(scales | scales << 4);
    }
  }

  // Q4_K, Q5_K: 12 bytes hold eight scales and eight minimums of 6 bits.
  private void packedScalesEqualToMinimums(ByteBuffer out) {
    int low = (int) next();
    int high = (int) next() & 0x0f0f0f0f;
    out.putInt(low);
    out.putInt(low);
    out.putInt(high | high << 4);
  }

  private void bits(ByteBuffer out, int bytes) {
    int left = bytes;
    for (; left >= 8; left -= 8) {
      out.putLong(next());
    }
    for (long random = next(); left > 0; left--) {
      out.put((byte) random);
      random >>>= 8;
    }
  }

  // Between 0.8 and 1.2 of what gives the wanted deviation, so that blocks differ.
  private short scale(double meanSquare) {
    double spread = 0.8 + 0.4 * ((next() >>> 11) * 0x1p-53);
    return HalfPrecision.toF16((float) (spread * deviation / Math.sqrt(meanSquare)));
  }

  // The sum of four uniform numbers is normal enough; each has variance 1/12.
  private float gaussian() {
    long random = next();
    long sum =
        (random & 0xffff) + (random >>> 16 & 0xffff) + (random >>> 32 & 0xffff) + (random >>> 48);
    return (float) (((sum + 2) / 65536.0 - 2) * Math.sqrt(3) * deviation);
  }

  // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
  private long next() {
    state += 0x9e3779b97f4a7c15L;
    return mixed(state);
  }

  static long mixed(long value) {
    long z = value;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  private static double meanSquare(int from, int to) {
    double sum = 0;
    for (int value = from; value <= to; value++) {
      sum += (double) value * value;
    }
    return sum / (to - from + 1);
  }

  private static double meanSquareOf(int[] values) {
    double sum = 0;
    for (int value : values) {
      sum += (double) value * value;
    }
    return sum / values.length;
  }
}
