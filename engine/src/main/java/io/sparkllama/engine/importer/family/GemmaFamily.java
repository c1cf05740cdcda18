package io.sparkllama.engine.importer.family;

import java.util.List;
import java.util.Set;

/** Imports Gemma 1. */
final class GemmaFamily {
  static final ModelFamily FAMILY =
      new ModelFamily(
          "gemma",
          Set.of("GemmaForCausalLM"),
          true,
          DecoderMetadata.STANDARD
              // Early files say "gelu" and mean the tanh form.
              .and(DecoderMetadata.requireText("hidden_act", List.of("gelu", "gelu_pytorch_tanh")))
              .and(DecoderMetadata.requireText("hidden_activation", List.of("gelu_pytorch_tanh")))
              .and(GemmaRules.REFUSALS),
          ModelFamily.rules(
              GemmaRules.ENDS,
              List.of(
                  GemmaRules.norm("attn_norm", "input_layernorm"),
                  GemmaRules.norm("ffn_norm", "post_attention_layernorm")),
              DecoderTensors.QUERY_AND_KEY,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD));

  private GemmaFamily() {}
}
