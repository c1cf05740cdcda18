package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.importer.json.JsonObject;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads the tokenizer of a directory, whichever files it has, into a GGUF's metadata. */
public final class TokenizerFiles {
  private static final String CONFIG = "tokenizer_config.json";
  private static final long MOST_MODEL_BYTES = 64 << 20;

  private final Path directory;
  private final JsonObject config;
  private final int vocabularySize;

  private TokenizerFiles(Path directory, JsonObject config, int vocabularySize) {
    this.directory = directory;
    this.config = config;
    this.vocabularySize = vocabularySize;
  }

  /**
   * Sets all keys that begin with {@code tokenizer}.
   *
   * @param config the model's config.json
   * @param vocabularySize rows of the token embedding
   * @throws ModelFormatException where the tokenizer is damaged, of a kind that GGUF cannot hold,
   *     or one that the engine would refuse
   */
  public static void write(
      Path directory, JsonObject config, int vocabularySize, GgufContents contents)
      throws IOException {
    new TokenizerFiles(directory, config, vocabularySize).write(contents);
  }

  private void write(GgufContents contents) throws IOException {
    Path json = directory.resolve("tokenizer.json");
    Path model = directory.resolve("tokenizer.model");
    Path found = Files.exists(json) ? json : model;
    if (found.equals(json)) {
      writeJson(JsonObject.read(json), contents);
    } else if (Files.exists(model)) {
      writeModel(model, contents);
    } else {
      throw new ModelFormatException(
          "the directory has no tokenizer that can be read; there must be tokenizer.json or"
              + " tokenizer.model: "
              + directory);
    }
    ChatTemplates.write(directory, optional(CONFIG), contents);
    Tokenizers.of(contents.preview(found).metadata()); // refuses what the engine would
  }

  private void writeJson(JsonObject tokenizer, GgufContents contents) throws IOException {
    GgufVocabulary vocabulary = TokenizerJson.read(tokenizer, vocabularySize);
    vocabulary.write(contents);
    SpecialTokenRoles roles = roles(vocabulary, config);
    roles.write(contents);
    TextFrame frame = TextFrame.of(tokenizer);
    writeFlag(contents, "bos", isAt(frame.startsWith(), roles.id("bos")), roles);
    writeFlag(contents, "eos", isAt(frame.endsWith(), roles.id("eos")), roles);
  }

  private void writeModel(Path path, GgufContents contents) throws IOException {
    if (Files.size(path) > MOST_MODEL_BYTES) {
      throw new ModelFormatException(
          "the tokenizer is larger than the " + MOST_MODEL_BYTES + " bytes that are read: " + path);
    }
    byte[] bytes = Files.readAllBytes(path);
    GgufVocabulary vocabulary;
    JsonObject byId;
    // The first byte of a SentencePiece model is the tag of its first piece.
    if (bytes.length > 0 && bytes[0] == '\n') {
      SentencePieceFile file = SentencePieceFile.read(path, ByteBuffer.wrap(bytes));
      vocabulary = file.vocabulary(vocabularySize);
      AddedTokens.add(directory, vocabulary.tokens());
      Map<String, Integer> ids = new HashMap<>();
      file.roles().forEach((role, id) -> ids.put(role + "_token_id", id));
      byId = JsonObject.of(ids, path);
    } else {
      TiktokenFile.Since since =
          config.has("rope_scaling") ? TiktokenFile.Since.LLAMA_3_1 : TiktokenFile.Since.LLAMA_3;
      vocabulary =
          TiktokenFile.read(path, new String(bytes, StandardCharsets.ISO_8859_1))
              .vocabulary(vocabularySize, since);
      byId =
          JsonObject.of(
              Map.of(
                  "bos_token_id", vocabulary.tokens().id("<|begin_of_text|>").orElseThrow(),
                  "eos_token_id", vocabulary.tokens().id("<|end_of_text|>").orElseThrow()),
              path);
    }
    vocabulary.write(contents);
    SpecialTokenRoles roles = roles(vocabulary, byId);
    roles.write(contents);
    // Both kinds of models want the first token; neither of them says so in this file.
    writeFlag(contents, "bos", true, roles);
    writeFlag(contents, "eos", false, roles);
  }

  private SpecialTokenRoles roles(GgufVocabulary vocabulary, JsonObject byId) throws IOException {
    List<JsonObject> named = new ArrayList<>();
    optional(CONFIG).ifPresent(named::add);
    optional("special_tokens_map.json").ifPresent(named::add);
    return new SpecialTokenRoles(vocabulary.tokens(), vocabularySize, named, byId);
  }

  private static boolean isAt(Optional<Integer> place, OptionalInt id) {
    return place.isPresent() && id.isPresent() && place.get() == id.getAsInt();
  }

  /** Says whether a token goes around every text; one that the model has not, does not. */
  private void writeFlag(
      GgufContents contents, String role, boolean byDefault, SpecialTokenRoles roles)
      throws IOException {
    boolean add =
        optional(CONFIG)
            .flatMap(object -> object.optionalBool("add_" + role + "_token"))
            .orElse(byDefault);
    contents.put(
        "tokenizer.ggml.add_" + role + "_token",
        MetadataValue.ofBoolean(add && roles.id(role).isPresent()));
  }

  private Optional<JsonObject> optional(String name) throws IOException {
    Path file = directory.resolve(name);
    return Files.exists(file) ? Optional.of(JsonObject.read(file)) : Optional.empty();
  }
}
