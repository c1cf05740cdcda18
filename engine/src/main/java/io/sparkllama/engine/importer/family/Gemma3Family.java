package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;
import java.util.Set;

/**
 * Imports the checkpoints of Gemma 3 that are for text alone: norms on queries and keys, and a RoPE
 * of its own for layers with a window.
 */
final class Gemma3Family {
  private static final int PERIOD = 6;
  private static final int LARGEST = 62;
  private static final double WINDOW_ROPE_BASE = 10_000;

  static final ModelFamily FAMILY =
      new ModelFamily(
          "gemma3",
          Set.of("Gemma3ForCausalLM"),
          true,
          ((MetadataRule) DecoderMetadata::shape)
              .and(DecoderMetadata::norm)
              .and(Gemma3Family::rope)
              .and(DecoderMetadata.requireText("hidden_activation", List.of("gelu_pytorch_tanh")))
              .and(GemmaRules.REFUSALS)
              .and(Gemma3Family::refuseScoreCap)
              .and(GemmaRules.attentionScale(LARGEST))
              .and(GemmaRules.softCap("final_logit_softcapping", 0))
              .and(GemmaRules.windows(PERIOD)),
          ModelFamily.rules(
              GemmaRules.ENDS,
              GemmaRules.NORMS_AROUND,
              DecoderTensors.QUERY_AND_KEY,
              GemmaRules.QUERY_AND_KEY_NORMS,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD));

  private Gemma3Family() {}

  private static void rope(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    DecoderMetadata.rope(RopeConfig.of(config, "full_attention"), config, shape, keys);
    RopeConfig windowed = RopeConfig.of(config, "sliding_attention");
    boolean apart =
        config
            .optionalObject("rope_parameters")
            .flatMap(all -> all.optionalObject("sliding_attention"))
            .isPresent();
    if (apart && !windowed.type().equals("default")) {
      throw windowed.values().invalid("rope_type", "must be default but is " + windowed.type());
    }
    double base =
        apart
            ? windowed.base()
            : config.optionalPositive("rope_local_base_freq").orElse(WINDOW_ROPE_BASE);
    keys.real("rope.freq_base_swa", base);
  }

  private static void refuseScoreCap(
      JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    if (config.has("attn_logit_softcapping")) {
      throw config.invalid("attn_logit_softcapping", "is set, which is not supported");
    }
  }
}
