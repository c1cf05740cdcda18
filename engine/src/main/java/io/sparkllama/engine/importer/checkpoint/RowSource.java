package io.sparkllama.engine.importer.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Gives the rows of a tensor that a model is made of, from wherever they lie in a checkpoint. A
 * vector counts as rows of one element, so that its elements can be put in another order too.
 */
public sealed interface RowSource
    permits StoredRows, OrderedRows, StackedRows, StackedMatrices, JoinedColumns {
  /** Returns how the elements are stored. */
  ElementType type();

  /** Returns the shape, outermost first; one dimension at least. */
  List<Long> shape();

  /** Returns the names of the tensors in the checkpoint, for messages. */
  String describe();

  /**
   * Fills the rest of a buffer, which is whole rows, with rows from {@code firstRow} on.
   *
   * @param target little-endian elements
   */
  void read(long firstRow, ByteBuffer target) throws IOException;

  /** Returns the elements of a row: the innermost dimension, or 1 of a vector. */
  default long columns() {
    return shape().size() == 1 ? 1 : shape().get(shape().size() - 1);
  }

  default long rows() {
    return shape().size() == 1
        ? shape().get(0)
        : shape().subList(0, shape().size() - 1).stream().reduce(1L, (a, b) -> a * b);
  }

  default int rowBytes() {
    return Math.toIntExact(columns() * type().bytes());
  }
}
