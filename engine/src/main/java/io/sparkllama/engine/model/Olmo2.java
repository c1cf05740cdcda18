package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import io.sparkllama.engine.model.ModelConfig.QueryKeyNorm;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/**
 * Describes OLMo 2: norms after attention and after the feed-forward network instead of before
 * them, and RMSNorm on Q and K, over all heads together. OLMo 3, whose files have the same name,
 * has windows and is refused for them.
 */
final class Olmo2 implements Architecture {
  @Override
  public String id() {
    return "olmo2";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    ModelConfig plain = file.plain(RopeLayout.HALVES);
    return plain.with(plain.attention().with(QueryKeyNorm.ALL_HEADS)).with(NormPlacement.AFTER);
  }
}
