package io.sparkllama.engine.gguf;

/** Converts between 32-bit floats and the two 16-bit formats; rounds to nearest, ties to even. */
public final class HalfPrecision {
  private HalfPrecision() {}

  /** Returns the value of an IEEE 754 binary16 number. Exact. */
  public static float fromF16(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >>> 10) & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f80_0000 | fraction << 13);
    }
    if (exponent == 0) {
      // Subnormal: fraction * 2^-24 is exact in 32 bits, and keeps the sign of zero.
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | (exponent + 112) << 23 | fraction << 13);
  }

  /** Returns the nearest IEEE 754 binary16 number; too large becomes infinity. */
  public static short toF16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) {
      return (short) (sign | 0x7e00 | magnitude >>> 13 & 0x3ff);
    }
    if (magnitude >= 0x477f_f000) { // 65520: halfway from the largest number to 2^16
      return (short) (sign | 0x7c00);
    }
    if (magnitude < 0x3880_0000) { // 2^-14: below it binary16 counts in steps of 2^-24
      return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
    }
    int rebased = magnitude - (112 << 23);
    return (short) (sign | rebased + 0xfff + (rebased >>> 13 & 1) >>> 13);
  }

  /** Returns the value of a bfloat16 number. Exact. */
  public static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Returns the nearest bfloat16 number. */
  public static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fff_ffff) > 0x7f80_0000) {
      return (short) (bits >>> 16 | 64);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }
}
