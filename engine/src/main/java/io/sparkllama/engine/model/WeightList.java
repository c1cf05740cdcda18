package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.NormKind;
import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import io.sparkllama.engine.model.ModelConfig.QueryKeyNorm;
import io.sparkllama.engine.model.ModelConfig.RopeTable;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Lists the weights that a model has, and where each is: a tensor of the file, or some of its rows.
 */
final class WeightList {
  private final ModelConfig config;
  private final Map<WeightRole, Weight> weights = new EnumMap<>(WeightRole.class);

  private WeightList(ModelConfig config) {
    this.config = config;
  }

  /**
   * Says where one weight is.
   *
   * @param namePattern the tensor's name, {@code %d} being the layer
   * @param shape of the tensor, innermost first: {@code [columns]}, {@code [columns, rows]} or
   *     {@code [columns, rows, experts]}
   * @param firstRow of the tensor's
   * @param rows of the weight, of one expert where each has one
   */
  record Weight(
      WeightRole role,
      Presence presence,
      String namePattern,
      long[] shape,
      long firstRow,
      long rows) {
    String tensorName(int layer) {
      return role.perLayer() ? namePattern.formatted(layer) : namePattern;
    }

    /** Returns how many matrices a layer has. */
    int count() {
      return role.perExpert() ? (int) shape[2] : 1;
    }

    /** Returns the shape of a tensor that holds so many of a layer's matrices. */
    long[] shape(int matrices) {
      if (!role.perExpert()) {
        return shape;
      }
      return new long[] {shape[0], shape[1], matrices};
    }

    /** Returns the name that an expert's own tensor has in files of old converters. */
    String expertName(int layer, int expert) {
      return tensorName(layer).replace("_exps.", "." + expert + ".");
    }

    boolean isRequired() {
      return presence == Presence.REQUIRED;
    }
  }

  /** Says whether a file may lack a weight, in all layers then. */
  enum Presence {
    REQUIRED,
    OPTIONAL
  }

  /**
   * Lists what the hyper-parameters ask for: embedding, norms where they stand, Q, K, V and their
   * output, a feed-forward network with a gate or without, or experts; the output matrix may be
   * tied.
   */
  static WeightList of(ModelConfig config) {
    WeightList list = new WeightList(config);
    list.require(WeightRole.TOKEN_EMBEDDING, WeightRole.OUTPUT_NORM).allow(WeightRole.OUTPUT);
    if (config.norms().placement() != NormPlacement.AFTER) {
      list.require(WeightRole.ATTENTION_NORM, WeightRole.FEED_FORWARD_NORM);
    }
    if (config.norms().kind() == NormKind.STANDARD_DEVIATION) {
      list.require(
          WeightRole.OUTPUT_NORM_BIAS,
          WeightRole.ATTENTION_NORM_BIAS,
          WeightRole.FEED_FORWARD_NORM_BIAS);
    }
    if (config.norms().placement() != NormPlacement.BEFORE) {
      list.require(WeightRole.ATTENTION_POST_NORM, WeightRole.FEED_FORWARD_POST_NORM);
    }
    list.require(
        WeightRole.ATTENTION_QUERY,
        WeightRole.ATTENTION_KEY,
        WeightRole.ATTENTION_VALUE,
        WeightRole.ATTENTION_OUTPUT);
    if (config.attention().queryKeyNorm() != QueryKeyNorm.NONE) {
      list.require(WeightRole.ATTENTION_QUERY_NORM, WeightRole.ATTENTION_KEY_NORM);
    }
    list.requireFeedForward();
    config.feedForward().experts().ifPresent(experts -> list.requireExperts(experts.count()));
    for (RopeTable table : config.rope().tables()) {
      if (table.scaling() instanceof RopeScaling.Factors) {
        list.require(WeightRole.ROPE_FACTORS);
      } else if (table.scaling() instanceof RopeScaling.LongFactors) {
        list.require(WeightRole.ROPE_FACTORS_LONG, WeightRole.ROPE_FACTORS_SHORT);
      }
    }
    return list;
  }

  /** Adds weights that the file must have, under their usual names. */
  WeightList require(WeightRole... roles) {
    for (WeightRole role : roles) {
      addWhole(role, Presence.REQUIRED);
    }
    return this;
  }

  /** Adds weights that the file may have, under their usual names: in all layers or in none. */
  WeightList allow(WeightRole... roles) {
    for (WeightRole role : roles) {
      addWhole(role, Presence.OPTIONAL);
    }
    return this;
  }

  private void requireFeedForward() {
    if (config.feedForward().length() == 0) {
      return;
    }
    if (config.feedForward().activation().isGated()) {
      require(WeightRole.FEED_FORWARD_GATE);
    }
    require(WeightRole.FEED_FORWARD_UP, WeightRole.FEED_FORWARD_DOWN);
  }

  private void requireExperts(int count) {
    require(WeightRole.EXPERT_ROUTER);
    if (config.feedForward().length() > 0) {
      require(WeightRole.SHARED_EXPERT_ROUTER);
    }
    for (WeightRole role : WeightRole.values()) {
      if (role.perExpert()) {
        long[] shape = {columns(role), rows(role), count};
        weights.put(
            role, new Weight(role, Presence.REQUIRED, role.namePattern(), shape, 0, rows(role)));
      }
    }
  }

  /** Takes matrices of the same width out of one tensor, in which they follow one another. */
  WeightList cut(String namePattern, WeightRole... roles) {
    long rows = 0;
    for (WeightRole role : roles) {
      rows += rows(role);
    }
    long first = 0;
    for (WeightRole role : roles) {
      long[] shape = {columns(role), rows};
      weights.put(role, new Weight(role, Presence.REQUIRED, namePattern, shape, first, rows(role)));
      first += rows(role);
    }
    return this;
  }

  /** Says that a weight has another name than usual, {@code %d} being the layer. */
  WeightList name(WeightRole role, Presence presence, String namePattern) {
    addWhole(role, presence, namePattern);
    return this;
  }

  /** Returns where a weight is; empty where the model has no such weight. */
  Optional<Weight> weight(WeightRole role) {
    return Optional.ofNullable(weights.get(role));
  }

  private void addWhole(WeightRole role, Presence presence) {
    addWhole(role, presence, role.namePattern());
  }

  private void addWhole(WeightRole role, Presence presence, String namePattern) {
    long rows = rows(role);
    long[] shape = role.isVector() ? new long[] {columns(role)} : new long[] {columns(role), rows};
    weights.put(role, new Weight(role, presence, namePattern, shape, 0, rows));
  }

  private long columns(WeightRole role) {
    return switch (role) {
      case TOKEN_EMBEDDING,
          OUTPUT,
          OUTPUT_NORM,
          OUTPUT_NORM_BIAS,
          ATTENTION_NORM,
          ATTENTION_NORM_BIAS,
          ATTENTION_POST_NORM,
          ATTENTION_QUERY,
          ATTENTION_KEY,
          ATTENTION_VALUE,
          ATTENTION_OUTPUT_BIAS,
          FEED_FORWARD_NORM,
          FEED_FORWARD_NORM_BIAS,
          FEED_FORWARD_POST_NORM,
          FEED_FORWARD_GATE,
          FEED_FORWARD_UP,
          EXPERT_ROUTER,
          EXPERT_GATE,
          EXPERT_UP,
          SHARED_EXPERT_ROUTER ->
          config.embeddingLength();
      case ATTENTION_OUTPUT, ATTENTION_QUERY_BIAS -> config.attention().queryWidth();
      case ATTENTION_KEY_BIAS, ATTENTION_VALUE_BIAS -> config.attention().kvWidth();
      case ATTENTION_QUERY_NORM -> normWidth(config.attention().queryWidth());
      case ATTENTION_KEY_NORM -> normWidth(config.attention().kvWidth());
      case FEED_FORWARD_DOWN -> config.feedForward().length();
      case EXPERT_DOWN -> experts().length();
      case ROPE_FACTORS, ROPE_FACTORS_LONG, ROPE_FACTORS_SHORT -> config.rope().dimension() / 2;
    };
  }

  private ModelConfig.Experts experts() {
    return config.feedForward().experts().orElseThrow();
  }

  private long normWidth(long allHeads) {
    return config.attention().queryKeyNorm() == QueryKeyNorm.ALL_HEADS
        ? allHeads
        : config.attention().headDimension();
  }

  /** Returns the rows of a matrix; 1 for vectors. */
  private long rows(WeightRole role) {
    return switch (role) {
      case TOKEN_EMBEDDING, OUTPUT -> config.vocabularySize();
      case ATTENTION_QUERY -> config.attention().queryWidth();
      case ATTENTION_KEY, ATTENTION_VALUE -> config.attention().kvWidth();
      case ATTENTION_OUTPUT, FEED_FORWARD_DOWN, EXPERT_DOWN -> config.embeddingLength();
      case EXPERT_ROUTER -> experts().count();
      case EXPERT_GATE, EXPERT_UP -> experts().length();
      case FEED_FORWARD_GATE, FEED_FORWARD_UP -> config.feedForward().length();
      default -> 1;
    };
  }
}
