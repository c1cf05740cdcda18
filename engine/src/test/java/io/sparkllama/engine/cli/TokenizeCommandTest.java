package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.SharedData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizeCommandTest {
  private static final String SEPARATOR = "\n__ggml_vocab_test__\n";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama-spm", "llama-bpe", "qwen2"})
  void givesTheIdsOfTheVocabulariesOwnVectors(String name) throws IOException {
    Path model = SharedData.path("tokenizers/" + name + ".gguf");
    String[] texts =
        Files.readString(model.resolveSibling(name + ".inp"), StandardCharsets.UTF_8)
            .split(SEPARATOR, -1);
    List<String> expected = Files.readAllLines(model.resolveSibling(name + ".out"));
    Path file = folder.resolve("texts.jsonl");
    ObjectMapper json = new ObjectMapper();
    StringBuilder lines = new StringBuilder();
    // The last separator ends the file.
    int count = expected.size();
    for (int i = 0; i < count; i++) {
      lines.append(json.writeValueAsString(texts[i])).append('\n');
    }
    Files.writeString(file, lines);

    CommandRun run =
        CommandRun.of("tokenize", "--model", model.toString(), "--file", file.toString(), "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    List<JsonNode> results = run.json();
    assertThat(results).hasSize(count);
    for (int i = 0; i < count; i++) {
      List<Integer> ids =
          Stream.of(expected.get(i).trim().split("\\s+"))
              .filter(id -> !id.isEmpty())
              .map(Integer::valueOf)
              .toList();
      assertThat(ids(results.get(i))).as(texts[i]).isEqualTo(ids);
    }
  }

  @Test
  void aTextMayBeginWithAnAtSign() {
    String model = SharedData.path("tokenizers/llama-bpe.gguf").toString();

    // "@" and "@@" are tokens of their own; a text is never the name of a file to read.
    assertThat(tokenize(model, "@@x")).isNotEqualTo(tokenize(model, "@x"));
  }

  @Test
  void specialTokensAndBeginTokenComeAsAsked() {
    String model = SharedData.path("tokenizers/llama-bpe.gguf").toString();

    assertThat(tokenize(model, "<|end_of_text|>")).containsExactly(128_001);
    assertThat(tokenize(model, "<|end_of_text|>", "--no-special"))
        .hasSizeGreaterThan(1)
        .doesNotContain(128_001);
    assertThat(tokenize(model, "a", "--bos")).startsWith(128_000).hasSize(2);
    assertThat(tokenize(model, "")).isEmpty();
  }

  @Test
  void aFileOfTextIsOneText() throws IOException {
    String model = SharedData.path("tokenizers/llama-bpe.gguf").toString();
    Path file = Files.writeString(folder.resolve("text.txt"), "two\nlines\n");

    JsonNode json =
        CommandRun.of("tokenize", "--model", model, "--file", file.toString(), "--json").onlyJson();

    assertThat(ids(json)).isEqualTo(tokenize(model, "two\nlines\n"));
  }

  @Test
  void refusesBadInputWithOneSentence() throws IOException {
    String model = SharedData.path("tokenizers/llama-spm.gguf").toString();
    Path noJson = Files.writeString(folder.resolve("bad.jsonl"), "\"fine\"\nnot json\n");
    Path noText = Files.writeString(folder.resolve("object.jsonl"), "{\"a\":1}\n");
    Path noUtf8 = Files.write(folder.resolve("bad.txt"), new byte[] {'a', (byte) 0xff, 'b'});

    CommandRun run = CommandRun.of("tokenize", "--model", model, "--file", noJson.toString());
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out().lines()).hasSize(1);
    assertThat(run.err().lines()).hasSize(1).allMatch(line -> line.contains("Line 2"));
    refused(model, noText, "JSON string");
    refused(model, noUtf8, "UTF-8");
    refused(model, folder.resolve("absent.txt"), "absent.txt");
    CommandRun.of("tokenize", "--model", model).assertRefused(2, "--text", "--file");
    CommandRun.of("tokenize", "--model", model, "--text", "a\ud800").assertRefused(2, "surrogate");
    CommandRun.of("tokenize", "--model", noUtf8.toString(), "--text", "a")
        .assertRefused(2, noUtf8.toString());
  }

  private static void refused(String model, Path file, String words) {
    CommandRun.of("tokenize", "--model", model, "--file", file.toString()).assertRefused(2, words);
  }

  private static List<Integer> tokenize(String model, String text, String... options) {
    String[] fixed = {"tokenize", "--json", "--model", model, "--text", text};
    return ids(
        CommandRun.of(Stream.concat(Stream.of(fixed), Stream.of(options)).toArray(String[]::new))
            .onlyJson());
  }

  private static List<Integer> ids(JsonNode json) {
    JsonNode ids = json.get("ids");
    return IntStream.range(0, ids.size()).mapToObj(i -> ids.get(i).intValue()).toList();
  }
}
