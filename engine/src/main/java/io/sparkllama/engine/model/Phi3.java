package io.sparkllama.engine.model;

import static io.sparkllama.engine.model.WeightRole.ATTENTION_KEY;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_QUERY;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_VALUE;
import static io.sparkllama.engine.model.WeightRole.FEED_FORWARD_GATE;
import static io.sparkllama.engine.model.WeightRole.FEED_FORWARD_UP;

import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/**
 * Describes Phi-3, 3.5 and 4: as LLaMA, with Q, K and V in one tensor, gate and up in another,
 * halves that RoPE turns, a window, and LongRoPE in the models of long context.
 */
final class Phi3 implements Architecture {
  @Override
  public String id() {
    return "phi3";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    return file.plain(RopeLayout.HALVES).withWindow(file.window());
  }

  @Override
  public WeightList weights(ModelConfig config) {
    return WeightList.of(config)
        .cut("blk.%d.attn_qkv.weight", ATTENTION_QUERY, ATTENTION_KEY, ATTENTION_VALUE)
        .cut("blk.%d.ffn_up.weight", FEED_FORWARD_GATE, FEED_FORWARD_UP);
  }
}
