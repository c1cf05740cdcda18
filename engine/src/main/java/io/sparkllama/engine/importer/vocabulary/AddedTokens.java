package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.importer.json.JsonObject;
import io.sparkllama.engine.importer.vocabulary.TokenTable.Side;
import io.sparkllama.engine.tokenizer.TokenType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/** Adds the tokens that a tokenizer's files name beside its vocabulary proper. */
final class AddedTokens {
  private AddedTokens() {}

  /** Adds what a directory puts beside its tokenizer.model. */
  static void add(Path directory, TokenTable tokens) throws IOException {
    Path added = directory.resolve("added_tokens.json");
    if (Files.exists(added)) {
      JsonObject object = JsonObject.read(added);
      for (String text : object.names()) {
        tokens.putAdded(object.integer(text), text, TokenType.USER_DEFINED);
      }
    }
    Path config = directory.resolve("tokenizer_config.json");
    if (Files.exists(config)) {
      JsonObject object = JsonObject.read(config);
      if (object.has("added_tokens_decoder")) {
        addDecoder(object.object("added_tokens_decoder"), tokens);
      }
    }
  }

  /** An object by id, with each token's text and whether it is special. */
  private static void addDecoder(JsonObject decoder, TokenTable tokens) {
    for (String name : decoder.names()) {
      if (!name.matches("[0-9]{1,8}")) {
        throw decoder.invalid(name, "must be a token's id");
      }
      JsonObject token = decoder.object(name);
      int id = Integer.parseInt(name);
      if (!tokens.hasUnknown(id)) {
        put(id, token, tokens);
      }
    }
  }

  /**
   * Adds one token.
   *
   * @param token its text, whether it is special, and which whitespace goes with it
   */
  static void put(int id, JsonObject token, TokenTable tokens) {
    TokenType type =
        token.optionalBool("special").orElse(false) ? TokenType.CONTROL : TokenType.USER_DEFINED;
    tokens.putAdded(id, token.text("content"), type);
    Set<Side> sides = EnumSet.noneOf(Side.class);
    if (token.optionalBool("lstrip").orElse(false)) {
      sides.add(Side.LEFT);
    }
    if (token.optionalBool("rstrip").orElse(false)) {
      sides.add(Side.RIGHT);
    }
    tokens.strip(id, sides);
  }
}
