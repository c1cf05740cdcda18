package io.sparkllama.engine.importer.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Gives the rows of one tensor as they are stored; a single number is a vector of one. */
record StoredRows(Checkpoint checkpoint, CheckpointTensor tensor) implements RowSource {
  @Override
  public ElementType type() {
    return tensor.type();
  }

  @Override
  public List<Long> shape() {
    return tensor.shape().isEmpty() ? List.of(1L) : tensor.shape();
  }

  @Override
  public String describe() {
    return tensor.name();
  }

  @Override
  public void read(long firstRow, ByteBuffer target) throws IOException {
    checkpoint.read(tensor, firstRow * rowBytes(), target);
  }
}
