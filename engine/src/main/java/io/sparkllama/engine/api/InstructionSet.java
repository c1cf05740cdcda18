package io.sparkllama.engine.api;

/** Names a table of kernels; results are the same bits from each. */
public enum InstructionSet {
  /** Takes the best that the processor has. */
  AUTO,
  /** Plain C++: the oracle that the others are tested against. */
  REFERENCE,
  AVX2;

  /** Returns the name of options: {@code auto}, {@code reference}, {@code avx2}. */
  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
