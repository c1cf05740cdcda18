package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.importer.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads the tokenizer of a directory, whichever files it has, into a GGUF's metadata. */
public final class TokenizerFiles {
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
   * @throws ModelFormatException where the tokenizer is damaged, or of a kind that GGUF cannot hold
   */
  public static void write(
      Path directory, JsonObject config, int vocabularySize, GgufContents contents)
      throws IOException {
    new TokenizerFiles(directory, config, vocabularySize).write(contents);
  }

  private void write(GgufContents contents) throws IOException {
    Path file = directory.resolve("tokenizer.json");
    if (!Files.exists(file)) {
      throw new ModelFormatException(
          "the directory has no tokenizer that can be read; there must be tokenizer.json: "
              + directory);
    }
    JsonObject tokenizer = JsonObject.read(file);
    Optional<JsonObject> tokenizerConfig = optional("tokenizer_config.json");
    GgufVocabulary vocabulary = TokenizerJson.read(tokenizer, vocabularySize);
    vocabulary.write(contents);
    List<JsonObject> named = new ArrayList<>();
    tokenizerConfig.ifPresent(named::add);
    optional("special_tokens_map.json").ifPresent(named::add);
    SpecialTokenRoles roles =
        new SpecialTokenRoles(vocabulary.tokens(), vocabularySize, named, config);
    roles.write(contents);
    TextFrame frame = TextFrame.of(tokenizer);
    writeFlag(contents, "bos", tokenizerConfig, frame.startsWith(), roles.id("bos"));
    writeFlag(contents, "eos", tokenizerConfig, frame.endsWith(), roles.id("eos"));
    ChatTemplates.write(directory, tokenizerConfig, contents);
  }

  /** Says whether a token goes around every text; one that the model has not, does not. */
  private void writeFlag(
      GgufContents contents,
      String role,
      Optional<JsonObject> tokenizerConfig,
      Optional<Integer> framing,
      OptionalInt id) {
    boolean framed = framing.isPresent() && id.isPresent() && framing.get() == id.getAsInt();
    boolean add =
        tokenizerConfig
            .flatMap(object -> object.optionalBool("add_" + role + "_token"))
            .orElse(framed);
    contents.put(
        "tokenizer.ggml.add_" + role + "_token", MetadataValue.ofBoolean(add && id.isPresent()));
  }

  private Optional<JsonObject> optional(String name) throws IOException {
    Path file = directory.resolve(name);
    return Files.exists(file) ? Optional.of(JsonObject.read(file)) : Optional.empty();
  }
}
