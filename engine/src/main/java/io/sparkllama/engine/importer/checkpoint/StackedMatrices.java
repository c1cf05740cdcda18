package io.sparkllama.engine.importer.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Gives several matrices as one tensor of three dimensions, one after the other; all have the same
 * type and shape.
 */
public record StackedMatrices(StackedRows matrices) implements RowSource {
  public StackedMatrices(List<RowSource> matrices) {
    this(new StackedRows(matrices));
  }

  @Override
  public ElementType type() {
    return matrices.type();
  }

  @Override
  public List<Long> shape() {
    List<Long> shape = new ArrayList<>(matrices.sources().get(0).shape());
    shape.add(0, (long) matrices.sources().size());
    return shape;
  }

  @Override
  public String describe() {
    return matrices.describe();
  }

  @Override
  public void read(long firstRow, ByteBuffer target) throws IOException {
    matrices.read(firstRow, target);
  }
}
