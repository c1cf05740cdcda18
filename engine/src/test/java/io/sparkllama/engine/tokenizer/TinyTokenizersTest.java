package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import java.io.IOException;
import java.util.Base64;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares ids and texts with those of the makers' libraries, on tiny vocabularies. */
class TinyTokenizersTest {
  @Test
  void byteLevelTokenizersGiveTheIdsOfHuggingFace() throws IOException {
    JsonNode file = GoldenFiles.lines("tiny-byte-level.json").get(0);
    Map<String, Tokenizer> tokenizers = new LinkedHashMap<>();
    for (JsonNode row : file.get("cases")) {
      String text = row.get("text").asText();
      for (JsonNode group : row.get("ids")) {
        for (String name : GoldenFiles.strings(group.get(0))) {
          Tokenizer tokenizer =
              tokenizers.computeIfAbsent(name, pre -> tokenizer(file.get("metadata"), pre));
          assertThat(tokenizer.encode(Prompt.ofTemplate(text)))
              .as("%s of %s", name, text)
              .isEqualTo(GoldenFiles.ints(group.get(1)));
        }
      }
    }
    assertThat(preTokenizers(tokenizers.keySet())).hasSize(PreTokenizer.values().length);
    for (JsonNode row : file.get("decodes")) {
      decodes(tokenizers.get("gpt-2"), row, row.get("text").asText());
    }
  }

  private static Set<PreTokenizer> preTokenizers(Set<String> names) {
    Set<PreTokenizer> found = new HashSet<>();
    names.forEach(name -> found.add(PreTokenizerName.of(name).orElseThrow().preTokenizer()));
    return found;
  }

  @ParameterizedTest
  @CsvSource({
    "llama, SENTENCE_PIECE",
    "gemma, SENTENCE_PIECE",
    "bpe-mapped, SENTENCE_PIECE",
    "unigram-mapped, UNIGRAM",
    "unigram-bytes, UNIGRAM"
  })
  void sentencePieceGivesTheSameIds(String name, TokenizerModel model) throws IOException {
    JsonNode file = GoldenFiles.lines("tiny-" + name + ".json").get(0);
    Tokenizer tokenizer = tokenizer(file.get("metadata"), null);
    assertThat(tokenizer.vocabulary().model()).isEqualTo(model);
    assertThat(file.get("cases").size()).isGreaterThan(50);
    for (JsonNode row : file.get("cases")) {
      String text = row.get("text").asText();
      assertThat(tokenizer.encode(Prompt.ofData(text)))
          .as(text)
          .isEqualTo(GoldenFiles.ints(row.get("ids")));
    }
    for (JsonNode row : file.get("decodes")) {
      String whole = tokenizer.decode(GoldenFiles.ints(row.get("ids")));
      decodes(tokenizer, row, whole);
      assertThat(withoutPrefix(tokenizer, row, whole)).isEqualTo(row.get("text").asText());
    }
  }

  /**
   * Takes away what SentencePiece takes away as it decodes a whole text: the space that it put
   * before it, or all spaces that tokens begin with.
   */
  private static String withoutPrefix(Tokenizer tokenizer, JsonNode row, String whole) {
    TextRules rules = tokenizer.vocabulary().rules();
    String text = whole;
    boolean more = rules.addSpacePrefix() || rules.removeExtraWhitespaces();
    for (int id : GoldenFiles.ints(row.get("ids"))) {
      if (tokenizer.vocabulary().type(id) != TokenType.CONTROL && more) {
        String token = tokenizer.vocabulary().text(id);
        text = token.startsWith("\u2581") ? text.substring(1) : text;
        more = rules.removeExtraWhitespaces() && token.equals("\u2581");
      }
    }
    return text;
  }

  @ParameterizedTest
  @ValueSource(strings = {"phi3", "strips"})
  void addedTokensSwallowWhitespaceAsWithHuggingFace(String name) throws IOException {
    JsonNode file = GoldenFiles.lines("tiny-" + name + ".json").get(0);
    Tokenizer tokenizer = tokenizer(file.get("metadata"), null);
    assertThat(file.get("cases").size()).isGreaterThan(50);
    for (JsonNode row : file.get("cases")) {
      String text = row.get("text").asText();
      assertThat(tokenizer.encode(Prompt.ofTemplate(text)))
          .as(text)
          .isEqualTo(GoldenFiles.ints(row.get("ids")));
    }
  }

  /** SentencePiece's map of all of NFKC is too large to commit: it is compared by hand. */
  @Test
  @EnabledIfSystemProperty(named = "sparkllama.tokenizer-golden", matches = ".+")
  void theWholeMapGivesTheSameIds() throws IOException {
    sentencePieceGivesTheSameIds("unigram-nfkc", TokenizerModel.UNIGRAM);
  }

  /** Decodes ids as a whole and one by one. */
  private static void decodes(Tokenizer tokenizer, JsonNode row, String expected) {
    int[] ids = GoldenFiles.ints(row.get("ids"));
    assertThat(tokenizer.decode(ids)).isEqualTo(expected);
    IncrementalDetokenizer detokenizer = tokenizer.detokenizer();
    StringBuilder pieces = new StringBuilder();
    for (int id : ids) {
      pieces.append(detokenizer.append(id));
    }
    assertThat(pieces.append(detokenizer.finish())).hasToString(expected);
  }

  private static Tokenizer tokenizer(JsonNode metadata, String pre) {
    Map<String, MetadataValue> values = new LinkedHashMap<>();
    Iterator<Map.Entry<String, JsonNode>> fields = metadata.fields();
    while (fields.hasNext()) {
      Map.Entry<String, JsonNode> field = fields.next();
      String key = field.getKey();
      values.put(key.contains(".") ? key : "tokenizer.ggml." + key, value(key, field.getValue()));
    }
    if (pre != null) {
      values.put("tokenizer.ggml.pre", MetadataValue.ofString(pre));
    }
    return Tokenizers.of(new GgufMetadata("tiny.gguf", values));
  }

  private static MetadataValue value(String key, JsonNode given) {
    return switch (key) {
      case "model", "general.architecture" -> MetadataValue.ofString(given.asText());
      case "tokens", "merges" -> MetadataValue.ofStrings(GoldenFiles.strings(given));
      case "token_type", "sparkllama.tokenizer.strip_left", "sparkllama.tokenizer.strip_right" ->
          MetadataValue.ofInt32s(GoldenFiles.ints(given));
      case "scores" -> {
        float[] scores = new float[given.size()];
        for (int i = 0; i < scores.length; i++) {
          scores[i] = (float) given.get(i).asDouble();
        }
        yield MetadataValue.ofFloat32s(scores);
      }
      case "precompiled_charsmap" -> {
        byte[] bytes = Base64.getDecoder().decode(given.asText());
        int[] numbers = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
          numbers[i] = bytes[i];
        }
        yield MetadataValue.ofInt32s(numbers);
      }
      default ->
          given.isBoolean()
              ? MetadataValue.ofBoolean(given.asBoolean())
              : MetadataValue.ofInt32(given.asInt());
    };
  }
}
