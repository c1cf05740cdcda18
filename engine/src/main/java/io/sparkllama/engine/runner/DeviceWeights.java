package io.sparkllama.engine.runner;

import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.store.PackedTensor;
import java.util.List;

/**
 * Counts the bytes that weights take on a GPU, where codes have four or eight bits, whatever they
 * have in a file: as {@code cuda/placed_layout.h} lays them out.
 */
final class DeviceWeights {
  private static final long PANEL_ROWS = 16; // that rows are filled up to
  private static final long BORDER = 256; // that each piece of memory begins on

  /**
   * Is what 16 rows of so many columns take together, which columns are filled up to.
   *
   * @param bytes codes, then scales and minimums of blocks, and of sub-blocks where there are some
   */
  private record Piece(long columns, long bytes) {}

  private DeviceWeights() {}

  /** Returns the bytes of all weights. */
  static long bytes(List<PackedTensor> weights) {
    return weights.stream()
        .mapToLong(
            weight ->
                weight.role().isVector()
                    ? filled(weight.columns() * Float.BYTES, BORDER)
                    : matrixBytes(weight.type(), weight.rows(), weight.columns()))
        .reduce(0, Math::addExact);
  }

  static long matrixBytes(QuantizationType type, long rows, long columns) {
    Piece piece = piece(type);
    long pieces = (columns + piece.columns() - 1) / piece.columns();
    long panels = (rows + PANEL_ROWS - 1) / PANEL_ROWS;
    return filled(Math.multiplyExact(panels, Math.multiplyExact(pieces, piece.bytes())), BORDER);
  }

  private static Piece piece(QuantizationType type) {
    return switch (type) {
      case F32 -> new Piece(1, 64);
      case F16, BF16 -> new Piece(1, 32);
      case Q4_0 -> new Piece(64, 512 + 64);
      case Q4_1 -> new Piece(64, 512 + 64 + 64);
      case Q8_0, Q5_0, IQ4_NL -> new Piece(64, 1024 + 64);
      case Q5_1 -> new Piece(64, 1024 + 64 + 64);
      case Q2_K -> new Piece(256, 2048 + 32 + 32 + 256 + 256);
      case Q3_K -> new Piece(256, 2048 + 32 + 256);
      case Q4_K -> new Piece(256, 2048 + 32 + 32 + 128 + 128);
      case Q5_K -> new Piece(256, 4096 + 32 + 32 + 128 + 128);
      case Q6_K -> new Piece(256, 4096 + 32 + 256);
      case IQ4_XS -> new Piece(256, 4096 + 32 + 128);
    };
  }

  private static long filled(long size, long unit) {
    return Math.multiplyExact((size + unit - 1) / unit, unit);
  }
}
