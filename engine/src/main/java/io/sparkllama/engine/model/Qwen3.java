package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.QueryKeyNorm;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/** Describes Qwen3: as LLaMA, with RMSNorm on each head of Q and K, and halves that RoPE turns. */
final class Qwen3 implements Architecture {
  @Override
  public String id() {
    return "qwen3";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    ModelConfig plain = file.plain(RopeLayout.HALVES);
    return plain.with(plain.attention().with(QueryKeyNorm.EACH_HEAD));
  }
}
