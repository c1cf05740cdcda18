package io.sparkllama.engine.model;

import static io.sparkllama.engine.model.WeightRole.ATTENTION_KEY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_OUTPUT_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_QUERY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_VALUE_BIAS;

import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/**
 * Describes LLaMA 1 to 3 and what is built like it, Mistral too: RMSNorm, RoPE, grouped-query
 * attention, SwiGLU. GGUF's converter permutes Q and K, so that RoPE turns adjacent elements.
 */
final class Llama implements Architecture {
  @Override
  public String id() {
    return "llama";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    return file.plain(RopeLayout.ADJACENT).withWindow(file.window());
  }

  @Override
  public WeightList weights(ModelConfig config) {
    return WeightList.of(config)
        .allow(
            ATTENTION_QUERY_BIAS, ATTENTION_KEY_BIAS, ATTENTION_VALUE_BIAS, ATTENTION_OUTPUT_BIAS);
  }
}
