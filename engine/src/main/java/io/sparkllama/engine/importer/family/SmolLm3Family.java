package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;
import java.util.Set;

/** Imports SmolLM3: as LLaMA, but every fourth layer does not turn queries and keys. */
final class SmolLm3Family {
  /** The GGUF does not say it: whoever reads one takes this. */
  private static final int INTERVAL = 4;

  static final ModelFamily FAMILY =
      new ModelFamily(
          "smollm3",
          Set.of("SmolLM3ForCausalLM"),
          true,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("attention_bias"))
              .and(DecoderMetadata.refuseSwitch("mlp_bias"))
              .and(DecoderMetadata.refuseSwitch("use_sliding_window"))
              .and(SmolLm3Family::requireInterval),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.NORMS_BEFORE,
              DecoderTensors.ADJACENT_QUERY_AND_KEY,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD));

  private SmolLm3Family() {}

  private static void requireInterval(
      JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    String list = "no_rope_layers"; // 1 where a layer does turn them
    if (!config.has(list)) {
      int interval = config.optionalInteger("no_rope_layer_interval").orElse(INTERVAL);
      if (interval != INTERVAL) {
        throw config.invalid("no_rope_layer_interval", "must be 4 but is " + interval);
      }
      return;
    }
    float[] turned = config.reals(list);
    if (turned.length != shape.layers()) {
      throw config.invalid(
          list, "must have " + shape.layers() + " numbers but has " + turned.length);
    }
    for (int layer = 0; layer < turned.length; layer++) {
      if (turned[layer] != ((layer + 1) % INTERVAL == 0 ? 0 : 1)) {
        throw config.invalid(
            list, "must be 0 in every fourth layer alone, but is not so in layer " + layer);
      }
    }
  }
}
