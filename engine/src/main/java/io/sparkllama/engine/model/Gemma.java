package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.Activation;
import io.sparkllama.engine.model.ModelConfig.Ends;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/**
 * Describes Gemma 1: as LLaMA, with GELU in the feed-forward network, a scaled embedding that the
 * output shares, and halves that RoPE turns. GGUF's converter adds the 1 to the norms' weights that
 * checkpoints lack.
 */
final class Gemma implements Architecture {
  @Override
  public String id() {
    return "gemma";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    return common(file);
  }

  /** Reads what Gemma 2 and 3 have too. */
  static ModelConfig common(HyperParameters file) {
    ModelConfig plain = file.plain(RopeLayout.HALVES);
    return plain
        .with(plain.feedForward().with(Activation.GEGLU))
        .with(new Ends(Math.sqrt(plain.embeddingLength()), 0));
  }

  /**
   * Reads the attention scale. Files say it only where it is no usual one: usual is that of the
   * head's width, and in the largest model of a series that of the embedding's share of a head.
   *
   * @param largest layers of the largest model
   */
  static double attentionScale(HyperParameters file, ModelConfig config, int largest) {
    int width =
        config.layerCount() == largest
            ? config.embeddingLength() / config.attention().headCount()
            : config.attention().headDimension();
    return file.attentionScale(1 / Math.sqrt(width));
  }
}
