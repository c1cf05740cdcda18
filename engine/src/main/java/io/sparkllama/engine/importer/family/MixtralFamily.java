package io.sparkllama.engine.importer.family;

import java.util.List;
import java.util.Set;

/** Imports Mixtral: as Mistral, but tokens each pass a few of many feed-forward networks. */
final class MixtralFamily {
  static final ModelFamily FAMILY =
      new ModelFamily(
          "llama",
          Set.of("MixtralForCausalLM"),
          false,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata::slidingWindow)
              .and(ExpertRules.COUNTS),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.NORMS_BEFORE,
              DecoderTensors.ADJACENT_QUERY_AND_KEY,
              DecoderTensors.VALUE_AND_OUTPUT,
              ExpertRules.OF_MIXTRAL));

  private MixtralFamily() {}
}
