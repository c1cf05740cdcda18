package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.EMBEDDING;
import static io.sparkllama.engine.importer.family.Width.HEAD;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;

/**
 * Holds the rules that the families of Gemma share. Checkpoints have the weights of norms without
 * their 1.
 */
final class GemmaRules {
  /** Token embedding, last norm, output. */
  static final List<TensorRule> ENDS =
      DecoderTensors.ENDS.stream()
          .map(rule -> rule.target().equals("output_norm.weight") ? rule.plusOne() : rule)
          .toList();

  /** The norms around attention and around the feed-forward network. */
  static final List<TensorRule> NORMS_AROUND =
      List.of(
          norm("attn_norm", "input_layernorm"),
          norm("post_attention_norm", "post_attention_layernorm"),
          norm("ffn_norm", "pre_feedforward_layernorm"),
          norm("post_ffw_norm", "post_feedforward_layernorm"));

  /** The norms of each head's queries and keys. */
  static final List<TensorRule> QUERY_AND_KEY_NORMS =
      List.of(
          TensorRule.of("blk.{}.attn_q_norm.weight", HEAD)
              .from("model.layers.{}.self_attn.q_norm.weight")
              .plusOne(),
          TensorRule.of("blk.{}.attn_k_norm.weight", HEAD)
              .from("model.layers.{}.self_attn.k_norm.weight")
              .plusOne());

  /** Refuses what no published model has. */
  static final MetadataRule REFUSALS =
      DecoderMetadata.refuseSwitch("attention_bias")
          .and(DecoderMetadata.refuseSwitch("use_bidirectional_attention"));

  private GemmaRules() {}

  /** Returns the rule for a norm of the embedding's width in each layer. */
  static TensorRule norm(String target, String source) {
    return TensorRule.of("blk.{}." + target + ".weight", EMBEDDING)
        .from("model.layers.{}." + source + ".weight")
        .plusOne();
  }

  /**
   * Returns a rule that sets the scale of scores where it does not follow from the model's shape: a
   * GGUF does not say it, but for the largest model of a series it follows from another width.
   *
   * @param largest layers of the largest model
   */
  static MetadataRule attentionScale(int largest) {
    return (config, shape, keys) -> {
      int usual =
          shape.layers() == largest ? shape.embedding() / shape.heads() : shape.headDimension();
      double width = config.optionalPositive("query_pre_attn_scalar").orElse(256);
      if (width != usual) {
        keys.real("attention.scale", 1 / Math.sqrt(width));
      }
    };
  }

  /**
   * Returns a rule that sets a soft cap: the default where the key is absent, none for null.
   *
   * @param defaultValue 0 where models of the family have none, so that a GGUF does not say so
   */
  static MetadataRule softCap(String name, double defaultValue) {
    return (config, shape, keys) -> {
      double absent = config.names().contains(name) ? 0 : defaultValue;
      double cap = config.optionalReal(name).orElse(absent);
      if (!(cap >= 0 && Float.isFinite((float) cap))) {
        throw config.invalid(
            name, "must be positive, and a number of 32 bits, or null, but is " + cap);
      }
      if (cap != 0 || defaultValue != 0) {
        keys.real(name, cap);
      }
    };
  }

  /**
   * Returns a rule that sets the window, and which layers have none: every so many one.
   *
   * @param usual period, which a GGUF need not say
   */
  static MetadataRule windows(int usual) {
    return (config, shape, keys) -> {
      int window = config.integer("sliding_window");
      if (window < 1) {
        throw config.invalid("sliding_window", "must be positive but is " + window);
      }
      keys.number("attention.sliding_window", window);
      int period = period(config, shape.layers(), usual);
      if (period != usual) {
        keys.number("attention.sliding_window_pattern", period);
      }
    };
  }

  private static int period(JsonObject config, int layers, int usual) {
    List<String> types = config.texts("layer_types");
    if (types.isEmpty()) {
      int period = config.optionalInteger("sliding_window_pattern").orElse(usual);
      if (period < 1 || period > layers + 1) {
        throw config.invalid(
            "sliding_window_pattern", "must be 1 to " + (layers + 1) + " but is " + period);
      }
      return period;
    }
    int first = types.indexOf("full_attention");
    int period = first < 0 ? layers + 1 : first + 1;
    for (int layer = 0; layer < layers; layer++) {
      String expected = (layer + 1) % period == 0 ? "full_attention" : "sliding_attention";
      if (types.size() != layers || !types.get(layer).equals(expected)) {
        throw config.invalid(
            "layer_types", "has another pattern than every so many layers one without a window");
      }
    }
    return period;
  }
}
