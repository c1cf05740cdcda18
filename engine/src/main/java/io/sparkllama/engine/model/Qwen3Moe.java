package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.ExpertWeighting;
import io.sparkllama.engine.model.ModelConfig.Experts;
import io.sparkllama.engine.model.ModelConfig.FeedForward;
import io.sparkllama.engine.model.ModelConfig.QueryKeyNorm;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/** Describes Qwen3 models of many experts: as Qwen3, but tokens each pass a few of them. */
final class Qwen3Moe implements Architecture {
  @Override
  public String id() {
    return "qwen3moe";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    Experts experts = file.experts(file.expertLength(), ExpertWeighting.AMONG_CHOSEN);
    ModelConfig plain = file.withFeedForward(RopeLayout.HALVES, FeedForward.of(experts, 0));
    return plain.with(plain.attention().with(QueryKeyNorm.EACH_HEAD));
  }
}
