package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;

/** Sets the keys that all decoders with RMSNorm, RoPE and a gated feed-forward network have. */
public final class DecoderMetadata {
  /** All of them: shape, norm, RoPE. */
  public static final MetadataRule STANDARD =
      ((MetadataRule) DecoderMetadata::shape).and(DecoderMetadata::norm).and(DecoderMetadata::rope);

  private DecoderMetadata() {}

  static void shape(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    keys.number("vocab_size", shape.vocabulary())
        .number("context_length", contextLength(config))
        .number("embedding_length", shape.embedding())
        .number("block_count", shape.layers())
        .number("feed_forward_length", shape.feedForward())
        .number("attention.head_count", shape.heads())
        .number("attention.head_count_kv", shape.kvHeads());
    if ((long) shape.heads() * shape.headDimension() != shape.embedding()) {
      keys.number("attention.key_length", shape.headDimension())
          .number("attention.value_length", shape.headDimension());
    }
  }

  private static int contextLength(JsonObject config) {
    int length = config.integer("max_position_embeddings");
    if (length < 1) {
      throw config.invalid("max_position_embeddings", "must be positive but is " + length);
    }
    return length;
  }

  static void norm(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    // Absent where it has the value that the modelling code of all these families has by default.
    keys.real(
        "attention.layer_norm_rms_epsilon", config.optionalPositive("rms_norm_eps").orElse(1e-6));
  }

  static void rope(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    rope(RopeConfig.of(config), config, shape, keys);
  }

  /** Turns whole heads, as the orders of rows and the forward passes of most families have it. */
  static void rope(
      RopeConfig rope, JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    rope.requireWholeHeads(config);
    write(rope, config, shape, keys);
  }

  /** Turns the first elements of each head, where config.json says so. */
  static void partialRope(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    write(RopeConfig.of(config), config, shape, keys);
  }

  private static void write(
      RopeConfig rope, JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    keys.number("rope.dimension_count", rope.dimension(config, shape))
        .real("rope.freq_base", rope.base());
    switch (rope.type()) {
      // "dynamic" stretches only what is beyond max_position_embeddings, which is the context here.
      // The factors of the others are tensors; see RopeFactors.
      case "default", "dynamic", "llama3" -> {}
      case "linear" ->
          keys.text("rope.scaling.type", "linear")
              .real("rope.scaling.factor", rope.values().positive("factor"));
      case "longrope", "su" -> LongRope.of(config, shape).write(keys);
      default ->
          throw rope.values()
              .invalid(
                  "rope_type",
                  "names a stretching that is not supported (supported: default,"
                      + " dynamic, linear, llama3, longrope), "
                      + rope.type());
    }
  }

  /** Returns a rule that refuses a model whose key has none of these values. */
  public static MetadataRule requireText(String name, List<String> supported) {
    return (config, shape, keys) ->
        config
            .optionalText(name)
            .filter(value -> !supported.contains(value))
            .ifPresent(
                value -> {
                  throw config.invalid(
                      name,
                      "must be "
                          + String.join(" or ", supported)
                          + " in a model of this family, but is "
                          + value);
                });
  }

  /** Returns a rule that refuses a model in which a switch is on. */
  public static MetadataRule refuseSwitch(String name) {
    return (config, shape, keys) -> {
      if (config.optionalBool(name).orElse(false)) {
        throw config.invalid(name, "is on, which is not supported");
      }
    };
  }

  /** Sets the window of attention where the model has one. */
  static void slidingWindow(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    config
        .optionalInteger("sliding_window")
        .ifPresent(
            window -> {
              if (window < 1) {
                throw config.invalid("sliding_window", "must be positive but is " + window);
              }
              keys.number("attention.sliding_window", window);
            });
  }
}
