package io.sparkllama.engine.importer;

import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.importer.checkpoint.RowSource;

/**
 * Is one tensor of the GGUF to be written, with where its numbers come from.
 *
 * @param dimensions innermost first, as GGUF has them
 * @param source all the tensor's elements, row by row
 * @param addend what is added to every element
 */
record PlannedTensor(
    String name, QuantizationType type, long[] dimensions, RowSource source, float addend) {
  long elements() {
    return source.rows() * source.columns();
  }

  long byteSize() {
    return elements() * type.blockBytes();
  }
}
