package io.sparkllama.engine.importer.family;

import java.util.List;
import java.util.Set;

/** Imports Qwen 3 models of many experts: as Qwen 3, but tokens each pass a few of them. */
final class Qwen3MoeFamily {
  static final ModelFamily FAMILY =
      new ModelFamily(
          "qwen3moe",
          Set.of("Qwen3MoeForCausalLM"),
          false,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("attention_bias"))
              .and(DecoderMetadata.refuseSwitch("use_sliding_window"))
              .and(ExpertRules.COUNTS)
              .and(ExpertRules::ofQwen)
              .and(ExpertRules.requireNormalized(ExpertRules.Normalized.YES)),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.NORMS_BEFORE,
              DecoderTensors.QUERY_AND_KEY,
              Qwen3Family.HEAD_NORMS,
              DecoderTensors.VALUE_AND_OUTPUT,
              ExpertRules.OF_QWEN));

  private Qwen3MoeFamily() {}
}
