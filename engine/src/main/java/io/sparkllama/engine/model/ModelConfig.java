package io.sparkllama.engine.model;

import io.sparkllama.engine.gguf.GgufFile;

/**
 * Says what a model is: its hyper-parameters, checked against each other.
 *
 * @param architecture {@code general.architecture}, for example {@code llama}
 * @param contextLength tokens that the model was made for
 * @param embeddingLength width of the residual stream
 * @param headDimension width of one attention head; query width is {@code headCount *
 *     headDimension}
 * @param ropeDimension leading elements of a head that are rotated, even
 * @param normEpsilon of RMSNorm
 * @param slidingWindow positions that attention reaches back over; 0 for all
 */
public record ModelConfig(
    String architecture,
    int vocabularySize,
    int contextLength,
    int embeddingLength,
    int layerCount,
    int feedForwardLength,
    int headCount,
    int kvHeadCount,
    int headDimension,
    int ropeDimension,
    double ropeBase,
    RopeLayout ropeLayout,
    RopeScaling ropeScaling,
    double normEpsilon,
    int slidingWindow) {

  /**
   * Reads the hyper-parameters of a model file.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where the file names an architecture that
   *     does not run, or where a key is missing or its value cannot be right
   */
  public static ModelConfig of(GgufFile file) {
    return ModelConfigReader.read(file);
  }

  /** Says which elements of a head RoPE rotates together. */
  public enum RopeLayout {
    /** Elements 2i and 2i+1, as GGUF stores LLaMA. */
    ADJACENT,
    /** Elements i and i + ropeDimension/2 (NeoX). */
    HALVES
  }
}
