package io.sparkllama.engine.model;

import static io.sparkllama.engine.model.WeightRole.ATTENTION_KEY;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_NORM;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_NORM_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_QUERY;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_VALUE;
import static io.sparkllama.engine.model.WeightRole.FEED_FORWARD_NORM;
import static io.sparkllama.engine.model.WeightRole.FEED_FORWARD_NORM_BIAS;

import io.sparkllama.engine.model.ModelConfig.Activation;
import io.sparkllama.engine.model.ModelConfig.FeedForwardPlace;
import io.sparkllama.engine.model.ModelConfig.NormKind;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;
import io.sparkllama.engine.model.WeightList.Presence;

/**
 * Describes Falcon: LayerNorm, Q, K and V in one tensor, and a feed-forward network without a gate
 * beside attention. Both read the same norm (7B, 11B), or attention has one of its own (40B, 180B).
 */
final class Falcon implements Architecture {
  @Override
  public String id() {
    return "falcon";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    ModelConfig plain = file.plain(RopeLayout.HALVES, NormKind.STANDARD_DEVIATION);
    return plain.with(
        plain.feedForward().with(Activation.GELU).with(FeedForwardPlace.BESIDE_ATTENTION));
  }

  @Override
  public WeightList weights(ModelConfig config) {
    return WeightList.of(config)
        .cut("blk.%d.attn_qkv.weight", ATTENTION_QUERY, ATTENTION_KEY, ATTENTION_VALUE)
        .name(ATTENTION_NORM, Presence.OPTIONAL, "blk.%d.attn_norm_2.weight")
        .name(ATTENTION_NORM_BIAS, Presence.OPTIONAL, "blk.%d.attn_norm_2.bias")
        .name(FEED_FORWARD_NORM, Presence.REQUIRED, "blk.%d.attn_norm.weight")
        .name(FEED_FORWARD_NORM_BIAS, Presence.REQUIRED, "blk.%d.attn_norm.bias");
  }
}
