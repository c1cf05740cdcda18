package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;

/**
 * Holds the numbers that the shapes of a model's tensors follow from, read from a config.json that
 * is not trusted: each is in a range in which later arithmetic cannot overflow.
 *
 * @param vocabulary rows of the token embedding
 */
public record HyperParameters(
    int layers,
    int embedding,
    int feedForward,
    int heads,
    int kvHeads,
    int headDimension,
    int vocabulary,
    Experts experts) {
  /**
   * Holds the numbers of a mixture of experts; all are 0 where there is none.
   *
   * @param count of each layer
   * @param length the width inside of one
   * @param sharedLength the width inside of the one that all tokens pass
   */
  public record Experts(int count, int length, int sharedLength) {
    private static Experts of(JsonObject config) {
      String count = config.has("num_local_experts") ? "num_local_experts" : "num_experts";
      if (!config.has(count)) {
        return new Experts(0, 0, 0);
      }
      String shared = "shared_expert_intermediate_size";
      return new Experts(
          number(config, count, MOST_EXPERTS),
          config.has(EXPERT_LENGTH)
              ? number(config, EXPERT_LENGTH, MOST_FEED_FORWARD)
              : number(config, "intermediate_size", MOST_FEED_FORWARD),
          config.has(shared) ? number(config, shared, MOST_FEED_FORWARD) : 0);
    }
  }

  private static final String EXPERT_LENGTH = "moe_intermediate_size";
  private static final int MOST_EXPERTS = 1 << 12;
  private static final int MOST_LAYERS = 1024;
  private static final int MOST_WIDTH = 1 << 18;
  private static final int MOST_FEED_FORWARD = 1 << 20;
  private static final int MOST_HEADS = 1 << 12;
  private static final int MOST_HEAD_DIMENSION = 1 << 12;
  private static final int MOST_VOCABULARY = 1 << 24;

  /** Reads them as nearly all families of decoders write them. */
  public static HyperParameters of(JsonObject config) {
    int embedding = number(config, "hidden_size", MOST_WIDTH);
    int heads = number(config, "num_attention_heads", MOST_HEADS);
    int kvHeads =
        config.has("num_key_value_heads")
            ? number(config, "num_key_value_heads", MOST_HEADS)
            : heads;
    if (heads % kvHeads != 0) {
      throw config.invalid(
          "num_key_value_heads", "is " + kvHeads + ", which does not divide " + heads + " heads");
    }
    int headDimension;
    if (config.has("head_dim")) {
      headDimension = number(config, "head_dim", MOST_HEAD_DIMENSION);
    } else if (embedding % heads == 0) {
      headDimension = embedding / heads;
    } else {
      throw config.invalid(
          "num_attention_heads", "is " + heads + ", which does not divide the width " + embedding);
    }
    if (headDimension % 2 != 0) {
      throw config.invalid("hidden_size", "gives heads an odd width, " + headDimension);
    }
    return new HyperParameters(
        number(config, "num_hidden_layers", MOST_LAYERS),
        embedding,
        number(config, "intermediate_size", MOST_FEED_FORWARD),
        heads,
        kvHeads,
        headDimension,
        number(config, "vocab_size", MOST_VOCABULARY),
        Experts.of(config));
  }

  private static int number(JsonObject config, String name, int most) {
    int number = config.integer(name);
    if (number < 1 || number > most) {
      throw config.invalid(name, "must be 1 to " + most + " but is " + number);
    }
    return number;
  }
}
