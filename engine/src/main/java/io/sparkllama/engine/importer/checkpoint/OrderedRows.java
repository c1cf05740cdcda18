package io.sparkllama.engine.importer.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * Gives the rows of another source in an order of its own.
 *
 * @param sourceRow the other source's row that stands in a place
 */
public record OrderedRows(RowSource source, LongUnaryOperator sourceRow) implements RowSource {
  @Override
  public ElementType type() {
    return source.type();
  }

  @Override
  public List<Long> shape() {
    return source.shape();
  }

  @Override
  public String describe() {
    return source.describe();
  }

  @Override
  public void read(long firstRow, ByteBuffer target) throws IOException {
    int rowBytes = rowBytes();
    int end = target.limit();
    for (long row = firstRow; target.position() < end; row++) {
      target.limit(target.position() + rowBytes);
      source.read(sourceRow.applyAsLong(row), target);
    }
  }
}
