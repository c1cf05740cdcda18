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
    int vocabulary) {
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
        number(config, "vocab_size", MOST_VOCABULARY));
  }

  private static int number(JsonObject config, String name, int most) {
    int number = config.integer(name);
    if (number < 1 || number > most) {
      throw config.invalid(name, "must be 1 to " + most + " but is " + number);
    }
    return number;
  }
}
