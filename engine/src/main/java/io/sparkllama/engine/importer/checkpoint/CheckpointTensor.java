package io.sparkllama.engine.importer.checkpoint;

import java.util.List;

/**
 * Locates one tensor of a checkpoint. All numbers are checked against the file when it is read.
 *
 * @param shape outermost first, {@code [outputs, inputs]} for a matrix; elements lie in that order
 * @param part index into the checkpoint's files
 * @param offset bytes from the beginning of that file
 */
record CheckpointTensor(
    String name, ElementType type, List<Long> shape, int part, long offset, long byteSize) {
  public CheckpointTensor {
    shape = List.copyOf(shape);
  }
}
