package io.sparkllama.engine.store;

import io.sparkllama.engine.gguf.QuantizationType;

/**
 * Tells how many bytes weights take in the layout that the kernels read, without native code: the
 * twin of {@code tensor/packed_layout.h}, which says what the bytes mean.
 */
public final class PackedLayout {
  /** Changes whenever the bytes of a panel do: files packed otherwise are packed again. */
  public static final int VERSION = 1;

  /** Rows of a panel. */
  public static final int PANEL_ROWS = 16;

  /** Every panel and every record of a quantized type begins on this border. */
  public static final int BORDER = 64;

  private PackedLayout() {}

  /**
   * Returns the bytes of one panel: {@link #PANEL_ROWS} rows.
   *
   * @param columns a multiple of the type's block
   */
  public static long panelBytes(QuantizationType type, long columns) {
    long blocks = columns / type.blockSize();
    int perRecord = type.blockSize() == 32 ? 2 : 1;
    return aligned(ceilingOfQuotient(blocks, perRecord) * recordBytes(type));
  }

  /** Returns the bytes of a whole matrix. */
  public static long matrixBytes(QuantizationType type, long rows, long columns) {
    return Math.multiplyExact(panelCount(rows), panelBytes(type, columns));
  }

  /** Returns the panels of a matrix, the last of which may be filled up. */
  static long panelCount(long rows) {
    return ceilingOfQuotient(rows, PANEL_ROWS);
  }

  /** Returns the next border at or after a place. */
  static long aligned(long bytes) {
    return ceilingOfQuotient(bytes, BORDER) * BORDER;
  }

  private static long recordBytes(QuantizationType type) {
    return switch (type) {
      case F32 -> 4L * PANEL_ROWS;
      case F16, BF16 -> 2L * PANEL_ROWS;
      case Q4_0, IQ4_NL -> record(32, 4, 0, 0, 0);
      case Q4_1 -> record(32, 4, 0, 0, 1);
      case Q5_0 -> record(32, 5, 0, 0, 0);
      case Q5_1 -> record(32, 5, 0, 0, 1);
      case Q8_0 -> record(32, 8, 0, 0, 0);
      case Q2_K -> record(256, 2, 16, 0, 1);
      case Q3_K -> record(256, 3, 16, 0, 0);
      case Q4_K -> record(256, 4, 8, 8, 1);
      case Q5_K -> record(256, 5, 8, 8, 1);
      case Q6_K -> record(256, 6, 16, 0, 0);
      case IQ4_XS -> record(256, 4, 8, 0, 0);
    };
  }

  /**
   * @param columns of a block; a record has two of 32 columns, or one of 256
   * @param bits of a code, its high bits included
   * @param subScales bytes of a row and block, as {@code subMinimums}
   * @param minimums binary16 numbers of a row and block, beside the scale
   */
  private static long record(int columns, int bits, int subScales, int subMinimums, int minimums) {
    int perRow = columns * bits / 8 + subScales + subMinimums + 2 * (1 + minimums);
    return aligned((long) (columns == 32 ? 2 : 1) * PANEL_ROWS * perRow);
  }

  private static long ceilingOfQuotient(long value, long divisor) {
    return (value + divisor - 1) / divisor;
  }
}
