package io.sparkllama.engine.importer.family;

import java.util.List;
import java.util.Set;

/** Imports Gemma 2: norms around, soft caps, a window in every second layer. */
final class Gemma2Family {
  private static final int PERIOD = 2;
  private static final int LARGEST = 46;

  static final ModelFamily FAMILY =
      new ModelFamily(
          "gemma2",
          Set.of("Gemma2ForCausalLM"),
          true,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_activation", List.of("gelu_pytorch_tanh")))
              .and(GemmaRules.REFUSALS)
              .and(GemmaRules.attentionScale(LARGEST))
              .and(GemmaRules.softCap("attn_logit_softcapping", 50))
              .and(GemmaRules.softCap("final_logit_softcapping", 30))
              .and(GemmaRules.windows(PERIOD)),
          ModelFamily.rules(
              GemmaRules.ENDS,
              GemmaRules.NORMS_AROUND,
              DecoderTensors.QUERY_AND_KEY,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD));

  private Gemma2Family() {}
}
