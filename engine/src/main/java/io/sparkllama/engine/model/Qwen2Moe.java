package io.sparkllama.engine.model;

import static io.sparkllama.engine.model.WeightRole.ATTENTION_KEY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_QUERY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_VALUE_BIAS;
import static io.sparkllama.engine.model.WeightRole.FEED_FORWARD_DOWN;
import static io.sparkllama.engine.model.WeightRole.FEED_FORWARD_GATE;
import static io.sparkllama.engine.model.WeightRole.FEED_FORWARD_UP;

import io.sparkllama.engine.model.ModelConfig.ExpertWeighting;
import io.sparkllama.engine.model.ModelConfig.Experts;
import io.sparkllama.engine.model.ModelConfig.FeedForward;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;
import io.sparkllama.engine.model.WeightList.Presence;

/**
 * Describes Qwen1.5 and Qwen2 models of many experts: as Qwen2, but tokens each pass a few experts,
 * weighted by their probabilities among all, and one that is shared.
 */
final class Qwen2Moe implements Architecture {
  @Override
  public String id() {
    return "qwen2moe";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    Experts experts = file.experts(file.expertLength(), ExpertWeighting.AMONG_ALL);
    return file.withFeedForward(
        RopeLayout.HALVES, FeedForward.of(experts, file.sharedExpertLength()));
  }

  @Override
  public WeightList weights(ModelConfig config) {
    return WeightList.of(config)
        .require(ATTENTION_QUERY_BIAS, ATTENTION_KEY_BIAS, ATTENTION_VALUE_BIAS)
        .name(FEED_FORWARD_GATE, Presence.REQUIRED, "blk.%d.ffn_gate_shexp.weight")
        .name(FEED_FORWARD_UP, Presence.REQUIRED, "blk.%d.ffn_up_shexp.weight")
        .name(FEED_FORWARD_DOWN, Presence.REQUIRED, "blk.%d.ffn_down_shexp.weight");
  }
}
