package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the tokenizers to ids that independent implementations gave for real vocabularies. */
class VocabularyVectorsTest {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-spm",
        "llama-bpe",
        "gpt-2",
        "falcon",
        "qwen2",
        "deepseek-coder",
        "starcoder"
      })
  void everyVectorGivesItsIds(String name) throws IOException {
    Tokenizer tokenizer = SharedTokenizers.vocabulary(name);
    String[] texts =
        Files.readString(SharedData.path("tokenizers/" + name + ".inp")).split(SEPARATOR, -1);
    List<String> expected = Files.readAllLines(SharedData.path("tokenizers/" + name + ".out"));
    assertThat(expected.size()).isGreaterThan(40);
    for (int i = 0; i < expected.size(); i++) {
      int[] ids =
          Arrays.stream(expected.get(i).trim().split(" +"))
              .filter(id -> !id.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      assertThat(tokenizer.encode(Prompt.ofData(texts[i]))).as("text %d", i).isEqualTo(ids);
      assertThat(tokenizer.encode(Prompt.ofTemplate(texts[i]))).as("text %d", i).isEqualTo(ids);
      String prefix = name.equals("llama-spm") && !texts[i].isEmpty() ? " " : "";
      assertThat(tokenizer.decode(ids)).as("text %d", i).isEqualTo(prefix + texts[i]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tinystories656K", "babyllama105"})
  void everyExpectedPromptGivesItsIds(String name) throws IOException {
    JsonNode expected =
        new ObjectMapper().readTree(SharedData.path("expected/" + name + ".json").toFile());
    Tokenizer tokenizer = SharedTokenizers.open("models/" + name + ".f32.gguf");
    assertThat(expected.get("cases")).isNotEmpty();
    for (JsonNode row : expected.get("cases")) {
      int[] ids = tokenizer.encodeWithBos(Prompt.ofData(row.get("prompt").asText()));
      assertThat(ids).isEqualTo(ints(row.get("prompt_ids")));
      int[] all = Arrays.copyOf(ids, ids.length + row.get("greedy_ids").size());
      System.arraycopy(ints(row.get("greedy_ids")), 0, all, ids.length, all.length - ids.length);
      assertThat(tokenizer.decode(all)).isEqualTo(row.get("greedy_text").asText());
    }
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
