package io.sparkllama.engine.gguf;

import java.util.Objects;

/**
 * Locates one tensor. All numbers are checked against the file when it is read.
 *
 * @param dimensions innermost first, as GGUF has them: {@code [inputs, outputs]} for a matrix; 1 to
 *     4, all positive
 * @param part index into the model's files (0 where the model is one file)
 * @param offset bytes from the beginning of that file
 * @param byteSize whole blocks, all within the file
 */
public record TensorInfo(
    String name, QuantizationType type, long[] dimensions, int part, long offset, long byteSize) {
  /** Returns elements of one row: the innermost dimension. */
  public long columns() {
    return dimensions[0];
  }

  /** Returns rows: the product of all dimensions but the innermost. */
  public long rows() {
    long rows = 1;
    for (int i = 1; i < dimensions.length; i++) {
      rows *= dimensions[i];
    }
    return rows;
  }

  /**
   * Returns some of the rows as a tensor of its own, which lies within this one.
   *
   * @throws IndexOutOfBoundsException where it has no such rows
   */
  public TensorInfo slice(long firstRow, long count) {
    Objects.checkFromIndexSize(firstRow, count, rows());
    long rowBytes = byteSize / rows();
    return new TensorInfo(
        name,
        type,
        new long[] {columns(), count},
        part,
        offset + firstRow * rowBytes,
        count * rowBytes);
  }
}
