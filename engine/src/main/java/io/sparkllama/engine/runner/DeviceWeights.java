package io.sparkllama.engine.runner;

import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.store.PackedTensor;
import java.util.List;

/**
 * Bounds the bytes that weights take on a GPU, where codes have four or eight bits, whatever they
 * have in a file: types between take eight.
 */
final class DeviceWeights {
  private static final long PANEL_ROWS = 16; // that rows are filled up to
  private static final long BORDER = 256; // that each piece of memory begins on

  private DeviceWeights() {}

  /** Returns the bytes of all weights at most. */
  static long bytes(List<PackedTensor> weights) {
    return weights.stream().mapToLong(DeviceWeights::bytes).reduce(0, Math::addExact);
  }

  private static long bytes(PackedTensor weight) {
    boolean vector = weight.role().isVector();
    long rows = vector ? 1 : (weight.rows() + PANEL_ROWS - 1) / PANEL_ROWS * PANEL_ROWS;
    double bits = vector ? Float.SIZE : bits(weight.type());
    long bytes = (long) Math.ceil((double) rows * weight.columns() * bits / Byte.SIZE);
    return (bytes + BORDER - 1) / BORDER * BORDER;
  }

  /** Returns the bits of a weight at most: its code, and its part of scales and minimums. */
  static double bits(QuantizationType type) {
    return switch (type) {
      case F32 -> 32;
      case F16, BF16 -> 16;
      case Q4_0 -> 4.75;
      case Q4_1, Q2_K, Q3_K, Q4_K -> 5.25;
      case Q8_0, Q5_0, IQ4_NL -> 8.75;
      case Q5_1, Q5_K, Q6_K, IQ4_XS -> 9.25;
    };
  }
}
