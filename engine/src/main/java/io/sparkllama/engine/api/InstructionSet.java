package io.sparkllama.engine.api;

/**
 * Names a table of kernels; results are the same bits from each. The order is part of the native
 * contract: append only.
 */
public enum InstructionSet {
  /** Takes the best that the processor has. */
  AUTO,
  /** Plain C++: the oracle that the others are tested against. */
  REFERENCE,
  /** With FMA and F16C. */
  AVX2,
  /** F, BW, DQ, VL and VNNI. */
  AVX512,
  /** 64-bit Arm with dot products of bytes. */
  NEON,
  /** AVX2, and the dot products of AVX-VNNI. */
  AVXVNNI;

  /**
   * Returns the name of options: {@code auto}, {@code reference}, {@code avx2}, {@code avx512},
   * {@code neon}, {@code avxvnni}.
   */
  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
