package io.sparkllama.engine.importer.family;

import java.util.List;
import java.util.Set;

/**
 * Imports Qwen 1.5 and 2 models of many experts: as Qwen 2, but tokens each pass a few experts, and
 * one that is shared.
 */
final class Qwen2MoeFamily {
  static final ModelFamily FAMILY =
      new ModelFamily(
          "qwen2moe",
          Set.of("Qwen2MoeForCausalLM"),
          false,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("use_sliding_window"))
              .and(ExpertRules.COUNTS)
              .and(ExpertRules::ofQwen)
              .and(ExpertRules.requireNormalized(ExpertRules.Normalized.NO)),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.NORMS_BEFORE,
              DecoderTensors.QUERY_AND_KEY,
              Qwen2Family.BIASES,
              DecoderTensors.VALUE_AND_OUTPUT,
              ExpertRules.OF_QWEN,
              ExpertRules.SHARED));

  private Qwen2MoeFamily() {}
}
