package io.sparkllama.engine.model;

import static io.sparkllama.engine.model.WeightRole.ATTENTION_KEY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_OUTPUT_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_QUERY_BIAS;
import static io.sparkllama.engine.model.WeightRole.ATTENTION_VALUE_BIAS;

import io.sparkllama.engine.model.ModelConfig.ExpertWeighting;
import io.sparkllama.engine.model.ModelConfig.FeedForward;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;

/**
 * Describes LLaMA 1 to 3 and what is built like it, Mistral too: RMSNorm, RoPE, grouped-query
 * attention, SwiGLU; and Mixtral, whose tokens each pass a few of many feed-forward networks.
 * GGUF's converter permutes Q and K, so that RoPE turns adjacent elements.
 */
final class Llama implements Architecture {
  @Override
  public String id() {
    return "llama";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    ModelConfig config =
        file.hasExperts()
            ? file.withFeedForward(RopeLayout.ADJACENT, experts(file))
            : file.plain(RopeLayout.ADJACENT);
    return config.withWindow(file.window());
  }

  private static FeedForward experts(HyperParameters file) {
    return FeedForward.of(file.experts(file.feedForwardLength(), ExpertWeighting.AMONG_CHOSEN), 0);
  }

  @Override
  public WeightList weights(ModelConfig config) {
    return WeightList.of(config)
        .allow(
            ATTENTION_QUERY_BIAS, ATTENTION_KEY_BIAS, ATTENTION_VALUE_BIAS, ATTENTION_OUTPUT_BIAS);
  }
}
