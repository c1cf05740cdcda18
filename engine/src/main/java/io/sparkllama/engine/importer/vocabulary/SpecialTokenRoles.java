package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Says which tokens begin and end texts: what tokenizer_config.json or special_tokens_map.json
 * names counts before the numbers in config.json.
 */
final class SpecialTokenRoles {
  private static final Map<String, String> KEYS =
      Map.of("bos", "bos", "eos", "eos", "unk", "unknown", "pad", "padding");

  /** Ends of a turn, as models of several families write them. */
  private static final List<String> TURN_ENDS =
      List.of("<|eot_id|>", "<|im_end|>", "<end_of_turn>", "<|end|>");

  private static final String MESSAGE_END = "<|eom_id|>";

  private final TokenTable tokens;
  private final int size;
  private final List<JsonObject> named; // the first that names a token counts
  private final JsonObject config;

  /**
   * @param size of the vocabulary
   * @param named the files that give tokens a role by text, the one that counts first
   * @param config config.json, which gives them by id
   */
  SpecialTokenRoles(TokenTable tokens, int size, List<JsonObject> named, JsonObject config) {
    this.tokens = tokens;
    this.size = size;
    this.named = List.copyOf(named);
    this.config = config;
  }

  /** Returns the token with a role: {@code bos}, {@code eos}, {@code unk} or {@code pad}. */
  OptionalInt id(String role) {
    for (JsonObject object : named) {
      Optional<String> text = text(object, role + "_token");
      if (text.isPresent() && tokens.id(text.get()).isPresent()) {
        return tokens.id(text.get());
      }
    }
    String key = role + "_token_id";
    if (!config.has(key) || config.isArray(key)) {
      return OptionalInt.empty(); // several ends: the texts of the others are known
    }
    int id = config.integer(key);
    return id >= 0 && id < size ? OptionalInt.of(id) : OptionalInt.empty();
  }

  /** Sets the keys of all tokens that have a role. */
  void write(GgufContents contents) {
    KEYS.keySet().stream().sorted().forEach(role -> put(contents, KEYS.get(role), id(role)));
    OptionalInt turnEnd =
        TURN_ENDS.stream()
            .flatMap(text -> tokens.id(text).stream().boxed())
            .mapToInt(Integer::intValue)
            .findFirst();
    put(contents, "eot", turnEnd);
    put(contents, "eom", tokens.id(MESSAGE_END));
  }

  private static void put(GgufContents contents, String key, OptionalInt id) {
    id.ifPresent(
        value ->
            contents.put("tokenizer.ggml." + key + "_token_id", MetadataValue.ofUint32(value)));
  }

  /** A token stands there as its text, or as an object with it. */
  private static Optional<String> text(JsonObject object, String name) {
    if (!object.has(name)) {
      return Optional.empty();
    }
    return object.isText(name)
        ? object.optionalText(name)
        : object.object(name).optionalText("content");
  }
}
