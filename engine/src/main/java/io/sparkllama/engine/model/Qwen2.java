package io.sparkllama.engine.model;

import static io.sparkllama.engine.model.WeightRole.ATTENTION_KEY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_QUERY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_VALUE_BIAS;

import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/** Describes Qwen2 and Qwen2.5: as LLaMA, with biases on Q, K and V, and halves that RoPE turns. */
final class Qwen2 implements Architecture {
  @Override
  public String id() {
    return "qwen2";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    return file.plain(RopeLayout.HALVES);
  }

  @Override
  public WeightList weights(ModelConfig config) {
    return WeightList.of(config)
        .require(ATTENTION_QUERY_BIAS, ATTENTION_KEY_BIAS, ATTENTION_VALUE_BIAS);
  }
}
