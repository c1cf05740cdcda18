package io.sparkllama.engine.store;

import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.WeightRole;

/**
 * Says where one weight lies in a packed file.
 *
 * @param layer 0 for weights of the whole model
 * @param expert 0 for weights of no expert
 * @param source the weight in the model's own files: a tensor, or a part of one
 * @param type of the packed elements
 * @param rows 1 for vectors, which are float32 numbers: {@code [columns]}
 * @param offset in the packed file, a multiple of 64
 * @param bytes from there on
 */
public record PackedTensor(
    WeightRole role,
    int layer,
    int expert,
    TensorInfo source,
    QuantizationType type,
    long rows,
    long columns,
    long offset,
    long bytes) {

  /** Tells whether the weight is not packed in panels, but widened to float32. */
  boolean isVector() {
    return role.isVector();
  }
}
