package io.sparkllama.engine.cli;

import java.util.Arrays;

/** Names the shapes of real models that random weights are made for. */
enum ModelShape {
  /** Small enough for quick scenarios; 61 million weights. */
  LLAMA_60M("llama-60m", 32_000, 4_096, new Layers(8, 512, 1_792, 8, 4), new Rope(10_000, 1, 0)),
  TINYLLAMA_1_1B(
      "tinyllama-1.1b", 32_000, 2_048, new Layers(22, 2_048, 5_632, 32, 4), new Rope(10_000, 1, 0)),
  /** The output is tied to the embedding; RoPE is stretched as Llama 3.1 does. */
  LLAMA_3_2_1B(
      "llama-3.2-1b",
      128_256,
      131_072,
      new Layers(16, 2_048, 8_192, 32, 8),
      new Rope(500_000, 32, 8_192)),
  LLAMA_2_7B(
      "llama-2-7b", 32_000, 4_096, new Layers(32, 4_096, 11_008, 32, 32), new Rope(10_000, 1, 0)),
  LLAMA_3_8B(
      "llama-3-8b", 128_256, 8_192, new Layers(32, 4_096, 14_336, 32, 8), new Rope(500_000, 1, 0)),
  LLAMA_65B(
      "llama-65b", 32_000, 2_048, new Layers(80, 8_192, 22_016, 64, 64), new Rope(10_000, 1, 0)),
  LLAMA_2_70B(
      "llama-2-70b", 32_000, 4_096, new Layers(80, 8_192, 28_672, 64, 8), new Rope(10_000, 1, 0));

  /** Sizes the layers: how many, the residual stream's width, feed-forward width and heads. */
  record Layers(int count, int embedding, int feedForward, int heads, int kvHeads) {
    int headDimension() {
      return embedding / heads;
    }
  }

  /**
   * Says how positions are rotated.
   *
   * @param factor by which long wavelengths are stretched; 1 for none
   * @param originalContext of the model before stretching; 0 where there is none
   */
  record Rope(double base, double factor, int originalContext) {
    boolean stretched() {
      return factor != 1;
    }
  }

  private final String label;
  private final int vocabularySize;
  private final int contextLength;
  private final Layers layers;
  private final Rope rope;

  ModelShape(String label, int vocabularySize, int contextLength, Layers layers, Rope rope) {
    this.label = label;
    this.vocabularySize = vocabularySize;
    this.contextLength = contextLength;
    this.layers = layers;
    this.rope = rope;
  }

  /** Returns the shape with this name of the command line. */
  static ModelShape ofLabel(String label) {
    return Arrays.stream(values())
        .filter(shape -> shape.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "There is no such shape; known are "
                        + String.join(", ", Arrays.stream(values()).map(ModelShape::label).toList())
                        + ": "
                        + label));
  }

  String label() {
    return label;
  }

  int vocabularySize() {
    return vocabularySize;
  }

  int contextLength() {
    return contextLength;
  }

  Layers layers() {
    return layers;
  }

  Rope rope() {
    return rope;
  }

  /** Returns whether the output matrix is the token embedding. */
  boolean tiedEmbedding() {
    return this == LLAMA_3_2_1B;
  }
}
