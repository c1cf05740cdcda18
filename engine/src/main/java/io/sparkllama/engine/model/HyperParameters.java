package io.sparkllama.engine.model;

import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.model.ModelConfig.Attention;
import io.sparkllama.engine.model.ModelConfig.Ends;
import io.sparkllama.engine.model.ModelConfig.ExpertWeighting;
import io.sparkllama.engine.model.ModelConfig.Experts;
import io.sparkllama.engine.model.ModelConfig.FeedForward;
import io.sparkllama.engine.model.ModelConfig.Layer;
import io.sparkllama.engine.model.ModelConfig.NormKind;
import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import io.sparkllama.engine.model.ModelConfig.Norms;
import io.sparkllama.engine.model.ModelConfig.Rope;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;
import io.sparkllama.engine.model.ModelConfig.RopeTable;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;

/**
 * Reads a model's hyper-parameters from metadata that is not trusted: each is checked by itself and
 * against the others, so that later arithmetic on them cannot overflow.
 */
final class HyperParameters {
  private static final String TOKENS_KEY = "tokenizer.ggml.tokens";
  private static final int MAX_LAYERS = 1024;
  private static final int MAX_WIDTH = 1 << 18;
  private static final int MAX_FEED_FORWARD = 1 << 20;
  private static final int MAX_EXPERTS = 1 << 12;

  /** Experts of all layers: the largest models in use have some 15,000. */
  private static final int MAX_EXPERTS_OF_ALL_LAYERS = 1 << 16;

  private static final int MAX_HEADS = 1 << 12;
  private static final int MAX_HEAD_DIMENSION = 1 << 12;
  private static final int MAX_CONTEXT = 1 << 24;
  private static final int MAX_VOCABULARY = 1 << 24;
  private static final double DEFAULT_ROPE_BASE = 10_000;

  /** The function of the router, as llama.cpp numbers it. */
  private static final int SOFTMAX = 1;

  // The last is what Falcon's converter says: Q, K and V follow one another in their tensor.
  private static final List<String> KNOWN_LAYOUTS =
      List.of("reference", "Meta AI original pth", "jploski");

  private final GgufFile file;
  private final GgufMetadata metadata;
  private final String architecture;

  /**
   * Opens the metadata of a file.
   *
   * @param architecture that keys begin with
   */
  HyperParameters(GgufFile file, String architecture) {
    this.file = file;
    this.metadata = file.metadata();
    this.architecture = architecture;
  }

  /**
   * Reads what all models have, as LLaMA has it: norms before attention and before the feed-forward
   * network, one table of RoPE for all layers, no window. Refuses a mixture of experts.
   */
  ModelConfig plain(RopeLayout layout) {
    return plain(layout, NormKind.ROOT_MEAN_SQUARE);
  }

  /** Reads what all models have, with another kind of norms. */
  ModelConfig plain(RopeLayout layout, NormKind normKind) {
    if (hasExperts()) {
      throw metadata.invalid(
          key("expert_count"),
          "is "
              + expertCount()
              + ": a mixture of experts is not supported in "
              + architecture
              + " models");
    }
    return decoder(layout, normKind, () -> FeedForward.of(feedForwardLength()));
  }

  /** Reads what all models have, but for the feed-forward network. */
  ModelConfig withFeedForward(RopeLayout layout, FeedForward feedForward) {
    return decoder(layout, NormKind.ROOT_MEAN_SQUARE, () -> feedForward);
  }

  private ModelConfig decoder(
      RopeLayout layout, NormKind normKind, Supplier<FeedForward> feedForward) {
    refuseUnknownLayout();
    int embeddingLength = number("embedding_length", MAX_WIDTH);
    int headCount = number("attention.head_count", MAX_HEADS);
    int kvHeadCount = number("attention.head_count_kv", MAX_HEADS, headCount);
    if (kvHeadCount > headCount || headCount % kvHeadCount != 0) {
      throw metadata.invalid(
          key("attention.head_count_kv"),
          "is " + kvHeadCount + ", which does not divide the " + headCount + " heads");
    }
    int headDimension = headDimension(embeddingLength, headCount);
    RopeTable table =
        new RopeTable(
            positive("rope.freq_base", OptionalDouble.of(DEFAULT_ROPE_BASE)), ropeScaling());
    return new ModelConfig(
        architecture,
        vocabularySize(),
        number("context_length", MAX_CONTEXT),
        embeddingLength,
        Attention.of(headCount, kvHeadCount, headDimension),
        feedForward.get(),
        new Norms(positive(epsilonName(normKind)), NormPlacement.BEFORE, normKind),
        new Rope(ropeDimension(headDimension), layout, List.of(table)),
        Collections.nCopies(number("block_count", MAX_LAYERS), new Layer(0, 0)),
        Ends.PLAIN);
  }

  private static String epsilonName(NormKind kind) {
    return switch (kind) {
      case ROOT_MEAN_SQUARE -> "attention.layer_norm_rms_epsilon";
      case STANDARD_DEVIATION -> "attention.layer_norm_epsilon";
    };
  }

  int feedForwardLength() {
    return number("feed_forward_length", MAX_FEED_FORWARD);
  }

  private int expertCount() {
    return metadata.optionalInteger(key("expert_count")).orElse(0);
  }

  boolean hasExperts() {
    return expertCount() != 0;
  }

  /**
   * Reads the sizes of a mixture of experts in every layer, and refuses what routes otherwise than
   * by a softmax.
   *
   * @param length the width inside of an expert
   */
  Experts experts(int length, ExpertWeighting weighting) {
    int count = number("expert_count", MAX_EXPERTS);
    int used = number("expert_used_count", MAX_EXPERTS);
    if (used > count) {
      throw metadata.invalid(
          key("expert_used_count"),
          "is " + used + ", which is more than the " + count + " experts");
    }
    int layers = number("block_count", MAX_LAYERS);
    if ((long) layers * count > MAX_EXPERTS_OF_ALL_LAYERS) {
      throw metadata.invalid(
          key("expert_count"),
          "is "
              + count
              + " in each of "
              + layers
              + " layers; all together must be at most "
              + MAX_EXPERTS_OF_ALL_LAYERS);
    }
    for (String key : List.of("leading_dense_block_count", "expert_group_count")) {
      refuseNumber(key, 0);
    }
    refuseNumber("expert_gating_func", SOFTMAX);
    double scale = positive("expert_weights_scale", OptionalDouble.of(1));
    if (scale != 1) {
      throw metadata.invalid(key("expert_weights_scale"), "is " + scale + ": not supported");
    }
    return new Experts(count, used, length, weighting);
  }

  private void refuseNumber(String name, int supported) {
    int value = metadata.optionalInteger(key(name)).orElse(supported);
    if (value != supported) {
      throw metadata.invalid(
          key(name), "is " + value + ", which is not supported (supported: " + supported + ")");
    }
  }

  /** Reads the width inside of an expert; files of early converters do not say it. */
  int expertLength() {
    int evenly = feedForwardLength() / number("expert_used_count", MAX_EXPERTS);
    return number("expert_feed_forward_length", MAX_FEED_FORWARD, evenly);
  }

  /** Reads the width inside of the expert that all tokens pass. */
  int sharedExpertLength() {
    return number("expert_shared_feed_forward_length", MAX_FEED_FORWARD, feedForwardLength());
  }

  private void refuseUnknownLayout() {
    Optional<String> layout = metadata.optionalString(key("tensor_data_layout"));
    if (layout.isPresent() && !KNOWN_LAYOUTS.contains(layout.get())) {
      throw metadata.invalid(
          key("tensor_data_layout"),
          "is \""
              + layout.get()
              + "\", which is not supported (supported: "
              + String.join(", ", KNOWN_LAYOUTS)
              + ")");
    }
  }

  /** The vocabulary decides; a file without one must say the size. */
  private int vocabularySize() {
    Optional<Integer> tokens = metadata.optionalStringArray(TOKENS_KEY).map(list -> list.size());
    if (tokens.isEmpty()) {
      return number("vocab_size", MAX_VOCABULARY);
    }
    if (tokens.get() < 1 || tokens.get() > MAX_VOCABULARY) {
      throw metadata.invalid(TOKENS_KEY, "must have 1 to " + MAX_VOCABULARY + " elements");
    }
    return tokens.get();
  }

  private int headDimension(int embeddingLength, int headCount) {
    int headDimension;
    if (metadata.value(key("attention.key_length")).isPresent()) {
      headDimension = number("attention.key_length", MAX_HEAD_DIMENSION);
    } else if (embeddingLength % headCount != 0) {
      throw metadata.invalid(
          key("attention.head_count"),
          "is " + headCount + ", which does not divide the embedding length " + embeddingLength);
    } else {
      headDimension = embeddingLength / headCount;
    }
    int valueLength = number("attention.value_length", MAX_HEAD_DIMENSION, headDimension);
    if (valueLength != headDimension) {
      throw metadata.invalid(
          key("attention.value_length"),
          "is " + valueLength + " but keys have " + headDimension + ", which is not supported");
    }
    return headDimension;
  }

  private int ropeDimension(int headDimension) {
    int dimension = number("rope.dimension_count", MAX_HEAD_DIMENSION, headDimension);
    if (dimension % 2 != 0 || dimension > headDimension) {
      throw metadata.invalid(
          key("rope.dimension_count"),
          "must be even and at most the head dimension " + headDimension + " but is " + dimension);
    }
    return dimension;
  }

  private RopeScaling ropeScaling() {
    String typeKey = key("rope.scaling.type");
    boolean hasFactors = hasTensor(WeightRole.ROPE_FACTORS);
    boolean hasLongFactors = hasTensor(WeightRole.ROPE_FACTORS_LONG);
    // Files of 2023 have only rope.scale_linear.
    String oldFactorKey = key("rope.scale_linear");
    String type =
        metadata
            .optionalString(typeKey)
            .orElse(metadata.value(oldFactorKey).isPresent() ? "linear" : "none");
    return switch (type) {
      case "none" -> {
        if (hasLongFactors) {
          yield longFactors();
        }
        yield hasFactors ? new RopeScaling.Factors() : new RopeScaling.None();
      }
      case "llama3" -> {
        requireTensor(typeKey, type, WeightRole.ROPE_FACTORS);
        yield new RopeScaling.Factors();
      }
      case "longrope" -> {
        requireTensor(typeKey, type, WeightRole.ROPE_FACTORS_LONG);
        yield longFactors();
      }
      case "linear" -> {
        if (hasFactors) {
          throw metadata.invalid(
              typeKey, "is linear and there is a tensor rope_freqs.weight too: not supported");
        }
        boolean hasNewKey = metadata.value(key("rope.scaling.factor")).isPresent();
        boolean hasOldKey = metadata.value(oldFactorKey).isPresent();
        String name = hasOldKey && !hasNewKey ? "rope.scale_linear" : "rope.scaling.factor";
        double factor = positive(name, OptionalDouble.empty());
        yield factor == 1 ? new RopeScaling.None() : new RopeScaling.Linear(factor);
      }
      default ->
          throw metadata.invalid(
              typeKey,
              "is "
                  + type
                  + ", which is not supported (supported: none, linear, llama3, longrope)");
    };
  }

  private RopeScaling longFactors() {
    return new RopeScaling.LongFactors(
        number("rope.scaling.original_context_length", MAX_CONTEXT),
        positive("rope.scaling.attn_factor", OptionalDouble.of(1)));
  }

  private boolean hasTensor(WeightRole role) {
    return file.tensor(role.tensorName(0)).isPresent();
  }

  private void requireTensor(String typeKey, String type, WeightRole role) {
    if (!hasTensor(role)) {
      throw metadata.invalid(
          typeKey, "is " + type + " but there is no tensor " + role.tensorName(0));
    }
  }

  /** Reads the positions that attention reaches back over; 0 where there is no such key. */
  int window() {
    String key = key("attention.sliding_window");
    int window = metadata.optionalInteger(key).orElse(0);
    if (window < 0 || window > MAX_CONTEXT) {
      throw metadata.invalid(key, "must be 0 to " + MAX_CONTEXT + " but is " + window);
    }
    return window;
  }

  /** Reads the positions that attention reaches back over, at least 1. */
  int window(int defaultValue) {
    return number("attention.sliding_window", MAX_CONTEXT, defaultValue);
  }

  /** Reads of how many layers one has no window. */
  int windowPeriod(int defaultValue) {
    return number("attention.sliding_window_pattern", MAX_LAYERS + 1, defaultValue);
  }

  /** Reads the RoPE base of layers with a window. */
  double windowRopeBase(double defaultValue) {
    return positive("rope.freq_base_swa", OptionalDouble.of(defaultValue));
  }

  /** Reads the scale of the products of queries and keys. */
  double attentionScale(double defaultValue) {
    return positive("attention.scale", OptionalDouble.of(defaultValue));
  }

  /** Reads a soft cap; 0 for none. */
  double softCap(String name, double defaultValue) {
    double value = metadata.optionalFloatingPoint(key(name)).orElse(defaultValue);
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw metadata.invalid(key(name), "must be at least 0 but is " + value);
    }
    return value;
  }

  /** Refuses a window, where the metadata does not say which layers have it. */
  void refuseWindow() {
    int window = window();
    if (window != 0) {
      throw metadata.invalid(
          key("attention.sliding_window"),
          "is " + window + ": windows of " + architecture + " models are not supported");
    }
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private int number(String name, int max) {
    return checkedNumber(name, metadata.integer(key(name)), max);
  }

  private int number(String name, int max, int defaultValue) {
    return checkedNumber(name, metadata.optionalInteger(key(name)).orElse(defaultValue), max);
  }

  private int checkedNumber(String name, int value, int max) {
    if (value < 1 || value > max) {
      throw metadata.invalid(key(name), "must be 1 to " + max + " but is " + value);
    }
    return value;
  }

  private double positive(String name) {
    return positive(name, OptionalDouble.empty());
  }

  private double positive(String name, OptionalDouble defaultValue) {
    double value =
        defaultValue.isPresent()
            ? metadata.optionalFloatingPoint(key(name)).orElse(defaultValue.getAsDouble())
            : metadata.floatingPoint(key(name));
    if (!(value > 0) || Double.isInfinite(value)) {
      throw metadata.invalid(key(name), "must be a positive number but is " + value);
    }
    return value;
  }
}
