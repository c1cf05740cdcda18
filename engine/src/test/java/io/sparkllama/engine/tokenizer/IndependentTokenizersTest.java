package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.Prompt;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares ids and words of random texts with those of SentencePiece, Hugging Face's tokenizers and
 * the published patterns; {@code scripts/tokenizer_golden.py} wrote them.
 */
class IndependentTokenizersTest {
  @Test
  void sentencePieceGivesTheSameIds() throws IOException {
    Tokenizer tokenizer = SharedTokenizers.vocabulary("llama-spm");
    for (JsonNode row : rows("llama2.jsonl")) {
      String text = row.get("text").asText();
      int[] ids = tokenizer.encode(Prompt.ofData(text));
      assertThat(ids).as(text).isEqualTo(ints(row.get("ids")));
      assertThat(tokenizer.decode(ids)).isEqualTo(" " + text.replace('\u2581', ' '));
    }
  }

  @Test
  void huggingFaceGivesTheSameIds() throws IOException {
    Tokenizer tokenizer = SharedTokenizers.open("models/tinystories656K.f32.gguf");
    for (JsonNode row : rows("tinystories.jsonl")) {
      String text = row.get("text").asText();
      assertThat(tokenizer.encode(Prompt.ofData(text))).as(text).isEqualTo(ints(row.get("ids")));
    }
  }

  @ParameterizedTest
  @CsvSource({"gpt2,gpt-2", "llama3,llama-bpe", "qwen2,qwen2"})
  void huggingFaceMergesBytesToTheSameIds(String golden, String vocabulary) throws IOException {
    Tokenizer tokenizer = SharedTokenizers.vocabulary(vocabulary);
    for (JsonNode row : rows(golden + ".jsonl")) {
      String text = row.get("text").asText();
      int[] ids = tokenizer.encode(Prompt.ofData(text));
      assertThat(ids).as(text).isEqualTo(ints(row.get("ids")));
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }
  }

  private static List<JsonNode> rows(String name) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<JsonNode> rows = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                IndependentTokenizersTest.class.getResourceAsStream("/tokenizer/" + name),
                StandardCharsets.UTF_8))) {
      String line = reader.readLine();
      while (line != null) {
        rows.add(mapper.readTree(line));
        line = reader.readLine();
      }
    }
    assertThat(rows.size()).isGreaterThan(50);
    return rows;
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
