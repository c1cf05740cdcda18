package io.sparkllama.engine.importer.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.importer.json.JsonObject;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Imports tiny tokenizers that do what GGUF's usual keys do not say, and holds what the reader
 * makes of them to ids of the makers' libraries; scripts/import_tokenizers.py made both.
 */
class ImportedTokenizersTest {
  private static final String HABITS = "sparkllama.tokenizer.habits";
  private static final String STRIP_LEFT = "sparkllama.tokenizer.strip_left";
  private static final String STRIP_RIGHT = "sparkllama.tokenizer.strip_right";
  private static final String CHARACTER_MAP = "tokenizer.ggml.precompiled_charsmap";
  private static final Path GOLDEN = Path.of("src/test/resources/importer/tokenizers");

  @TempDir private Path folder;

  private static JsonNode expected(String kind) throws IOException {
    return new ObjectMapper().readTree(GOLDEN.resolve(kind + ".expected.json").toFile());
  }

  private GgufMetadata imported(String kind) throws IOException {
    GgufContents contents = new GgufContents();
    TokenizerFiles.write(
        GOLDEN.resolve(kind),
        JsonObject.of(Map.of(), folder.resolve("config.json")),
        expected(kind).get("size").intValue(),
        contents);
    Path file = folder.resolve(kind + ".gguf");
    try (GgufWriter writer = GgufWriter.create(file, contents)) {
      writer.finish();
    }
    return GgufFile.read(file).metadata();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "form-c",
        "no-form-c",
        "whole-words",
        "gpt2-form-c",
        "gpt2",
        "llama3-form-c",
        "strips",
        "character-strips",
        "map",
        "model-map"
      })
  void idsAreThoseOfTheMakersLibrary(String kind) throws IOException {
    Tokenizer tokenizer = Tokenizers.of(imported(kind));
    JsonNode cases = expected(kind).get("cases");
    assertThat(cases.size()).isGreaterThan(15);
    for (JsonNode row : cases) {
      String text = row.get("text").textValue();
      assertThat(tokenizer.encode(Prompt.ofTemplate(text)))
          .as(text)
          .isEqualTo(
              StreamSupport.stream(row.get("ids").spliterator(), false)
                  .mapToInt(JsonNode::intValue)
                  .toArray());
    }
  }

  @Test
  void habitsAreWrittenWhereTheNameStandsForOthers() throws IOException {
    assertThat(imported("form-c").optionalStringArray(HABITS)).isEmpty();
    assertThat(imported("gpt2").optionalStringArray(HABITS)).isEmpty();
    assertThat(imported("no-form-c").optionalStringArray(HABITS)).contains(List.of());
    assertThat(imported("gpt2-form-c").optionalStringArray(HABITS)).contains(List.of("form-c"));
    for (String kind : List.of("whole-words", "llama3-form-c")) {
      assertThat(imported(kind).optionalStringArray(HABITS))
          .contains(List.of("form-c", "whole-words"));
    }
  }

  @Test
  void stripsAreWrittenWhereTokensHaveThemOrReadersGuess() throws IOException {
    GgufMetadata metadata = imported("strips");
    List<String> texts = metadata.stringArray("tokenizer.ggml.tokens");
    assertThat(metadata.optionalIntArray(STRIP_LEFT).orElseThrow())
        .containsExactly(texts.indexOf("<l>"), texts.indexOf("<lr>"));
    assertThat(metadata.optionalIntArray(STRIP_RIGHT).orElseThrow())
        .containsExactly(texts.indexOf("<r>"), texts.indexOf("<lr>"), texts.indexOf("<tool-r>"));
    assertThat(imported("gpt2").optionalIntArray(STRIP_LEFT)).isEmpty();
    metadata = imported("map");
    assertThat(metadata.optionalIntArray(STRIP_LEFT).orElseThrow()).isEmpty();
    assertThat(metadata.optionalIntArray(STRIP_RIGHT).orElseThrow()).isEmpty();
  }

  @Test
  void characterMapsKeepTheirBytes() throws IOException {
    JsonNode json =
        new ObjectMapper().readTree(GOLDEN.resolve("map").resolve("tokenizer.json").toFile());
    byte[] map =
        json.at("/normalizer/normalizers/0/precompiled_charsmap").binaryValue(); // from base 64
    for (String kind : List.of("map", "model-map")) {
      int[] written = imported(kind).optionalIntArray(CHARACTER_MAP).orElseThrow();
      assertThat(written).hasSize(map.length);
      for (int i = 0; i < map.length; i++) {
        assertThat((byte) written[i]).isEqualTo(map[i]);
      }
    }
    assertThat(imported("character-strips").optionalIntArray(CHARACTER_MAP)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "/normalizer/normalizers/0, precompiled_charsmap, !?, is not in base 64",
    "/normalizer/normalizers/0, precompiled_charsmap, BAAAAA==, character map",
    "/normalizer/normalizers/1, type, Precompiled, after other steps",
    "/normalizer/normalizers/1, type, Lowercase, for which GGUF has no place"
  })
  void refusesMapsThatAreDamagedOrComeLate(String place, String key, String value, String problem)
      throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    JsonNode json = mapper.readTree(GOLDEN.resolve("map").resolve("tokenizer.json").toFile());
    ((ObjectNode) json.at(place)).put(key, value);
    mapper.writeValue(folder.resolve("tokenizer.json").toFile(), json);
    int size = expected("map").get("size").intValue();
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () ->
                TokenizerFiles.write(
                    folder,
                    JsonObject.of(Map.of(), folder.resolve("config.json")),
                    size,
                    new GgufContents()))
        .withMessageContaining(problem)
        .withMessageEndingWith("tokenizer.json");
  }
}
