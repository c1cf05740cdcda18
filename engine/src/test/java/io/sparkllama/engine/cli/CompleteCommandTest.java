package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompleteCommandTest {
  @TempDir private Path folder;

  @Test
  void completesAFileOfPromptsInItsOrderTokenForToken() throws IOException {
    JsonNode cases = golden();
    Path prompts = folder.resolve("prompts.jsonl");
    StringBuilder lines = new StringBuilder();
    cases.forEach(one -> lines.append(one.get("prompt")).append('\n'));
    Files.writeString(prompts, lines);

    CommandRun run =
        complete("--prompts", prompts.toString(), "--max-tokens", "64", "--kv-cache-type", "f32");

    assertThat(run.exitCode()).as(run.err()).isZero();
    List<JsonNode> results = run.json();
    assertThat(results).hasSize(cases.size());
    for (int i = 0; i < results.size(); i++) {
      JsonNode result = results.get(i);
      JsonNode expected = cases.get(i);
      assertThat(result.get("index").intValue()).isEqualTo(i);
      assertThat(result.get("tokens")).isEqualTo(expected.get("greedy_ids"));
      assertThat(result.get("prompt_tokens").intValue())
          .isEqualTo(expected.get("prompt_ids").size());
      assertThat(result.get("finish_reason").textValue()).isEqualTo("length");
      assertThat(expected.get("greedy_text").textValue()).endsWith(result.get("text").textValue());
    }
  }

  @Test
  void anAnswerDependsOnItsPromptAndSeedAndNotOnItsPlace() throws IOException {
    List<String> sampling = List.of("--temperature", "0.8", "--max-tokens", "24", "--seed");
    Path forwards = Files.writeString(folder.resolve("a.txt"), "One day\nThe dog\nTom\n");
    Path backwards = Files.writeString(folder.resolve("b.txt"), "Tom\nThe dog\nOne day\n");

    List<String> first = texts(forwards, sampling, "1");
    List<String> second = texts(backwards, sampling, "1");

    assertThat(second).containsExactly(first.get(2), first.get(1), first.get(0));
    assertThat(texts(forwards, sampling, "2")).isNotEqualTo(first);
  }

  @Test
  void speaksToTheDemoModelInItsOwnTemplate() throws IOException {
    Path model =
        Path.of(System.getProperty("sparkllama.basedir"), "models", "tickets-6m.Q8_0.gguf");
    String question =
        "Summarize this ticket in one line.\n\nI paid twice for the Emtredine camera. <|end|>";
    Path prompts =
        Files.writeString(
            folder.resolve("chat.jsonl"), new ObjectMapper().writeValueAsString(question));
    List<String> options =
        List.of("complete", "--model", model.toString(), "--json", "--max-tokens", "40");
    List<String> chat = new ArrayList<>(options);
    chat.addAll(List.of("--chat", "--prompts", prompts.toString()));

    CommandRun run = CommandRun.of(chat.toArray(String[]::new));

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode result = run.json().get(0);
    assertThat(result.get("finish_reason").textValue()).isEqualTo("stop");
    assertThat(result.get("text").textValue()).isNotBlank();

    List<String> stray = new ArrayList<>(options);
    stray.addAll(List.of("--system", "x", "--prompt", "y"));
    assertThat(CommandRun.of(stray.toArray(String[]::new)))
        .matches(refused -> refused.exitCode() == 2 && refused.err().contains("add --chat"));
  }

  @Test
  void stopsBeforeAStopText() {
    JsonNode plain = complete("--prompt", "Once upon a time", "--max-tokens", "30").onlyJson();
    JsonNode stopped =
        complete("--prompt", "Once upon a time", "--max-tokens", "30", "--stop", " girl")
            .onlyJson();

    String text = plain.get("text").textValue();
    assertThat(text).contains(" girl");
    assertThat(stopped.get("text").textValue()).isEqualTo(text.substring(0, text.indexOf(" girl")));
    assertThat(stopped.get("finish_reason").textValue()).isEqualTo("stop");
  }

  @Test
  void changesLogitsAsItsOptionsSay() {
    List<String> texts = new ArrayList<>();
    for (String[] options :
        List.of(
            new String[0],
            new String[] {"--repetition-penalty", "1.5"},
            new String[] {"--presence-penalty", "2"},
            new String[] {"--frequency-penalty", "2"},
            new String[] {"--logit-bias", "432=-100", "--logit-bias", "383=-100"})) {
      Stream<String> fixed = Stream.of("--prompt", "Once upon a time", "--max-tokens", "60");
      CommandRun run = complete(Stream.concat(fixed, Stream.of(options)).toArray(String[]::new));
      texts.add(run.onlyJson().get("tokens").toString());
    }
    assertThat(texts).doesNotHaveDuplicates();
    assertThat(texts.get(0)).startsWith("[432,383,");
    assertThat(texts.get(4)).doesNotContain("432").doesNotContain("383");
  }

  @Test
  void aRowThatCannotBeAnsweredIsSetAside() throws IOException {
    Path prompts = Files.writeString(folder.resolve("p.txt"), "Tom\n" + "word ".repeat(2000));

    CommandRun run = complete("--prompts", prompts.toString(), "--max-tokens", "4");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.json()).hasSize(2);
    assertThat(run.json().get(0).has("error")).isFalse();
    assertThat(run.json().get(1).at("/error/class").textValue()).isEqualTo("prompt-too-long");
    assertThat(run.json().get(1).get("finish_reason").textValue()).isEqualTo("error");
  }

  @Test
  void refusesBadOptionsWithOneSentence() throws IOException {
    complete("--prompt", "a", "--temperature", "-1").assertRefused(2, "temperature", "-1");
    complete("--prompt", "a", "--top-p", "0").assertRefused(2, "top-p");
    complete("--prompt", "a", "--repetition-penalty", "0").assertRefused(2, "repetition-penalty");
    complete("--prompt", "a", "--frequency-penalty", "3").assertRefused(2, "frequency-penalty");
    complete("--prompt", "a", "--logit-bias", "7").assertRefused(2, "--logit-bias");
    complete("--prompt", "a", "--logit-bias", "7=x").assertRefused(2, "--logit-bias");
    complete("--prompt", "a", "--logit-bias", "-7=1").assertRefused(2, "logit-bias", "-7");
    complete("--prompt", "a", "--logit-bias", "512=1").assertRefused(2, "--logit-bias", "512: 512");
    complete("--prompt", "a", "--max-tokens", "x").assertRefused(2, "--max-tokens");
    complete("--prompt", "a", "--kv-cache-type", "q4").assertRefused(2, "--kv-cache-type");
    complete("--prompt", "a", "--kv-cache-memory", "1x").assertRefused(2, "MiB");
    complete("--prompt", "a", "--context", "100000").assertRefused(2, "context");
    complete("--prompt", "a", "--device", "gpu").assertRefused(2, "--device", "cuda:N", "gpu");
    complete("--prompt", "a", "--device", "cuda:3")
        .assertRefused(2, "device cuda:3", "classifier cuda-linux-", "set engine.device to cpu");
    complete("--prompt", "a", "--device", "cuda", "--isolation", "none")
        .assertRefused(2, "engine.isolation", "engine.device");
    complete("--prompt", "a", "--chat").assertRefused(2, "--chat");
    complete("--prompts", folder.resolve("absent.txt").toString()).assertRefused(2, "absent.txt");
    complete().assertRefused(2, "--prompt");
    Path noModel = Files.writeString(folder.resolve("no.gguf"), "GGUF and nothing more");
    CommandRun.of("complete", "--model", noModel.toString(), "--prompt", "a")
        .assertRefused(2, "no.gguf");
  }

  private List<String> texts(Path prompts, List<String> sampling, String seed) {
    List<String> arguments = new ArrayList<>(List.of("--prompts", prompts.toString()));
    arguments.addAll(sampling);
    arguments.add(seed);
    CommandRun run = complete(arguments.toArray(String[]::new));
    assertThat(run.exitCode()).as(run.err()).isZero();
    return run.json().stream().map(json -> json.get("text").textValue()).toList();
  }

  private static JsonNode golden() throws IOException {
    return new ObjectMapper()
        .readTree(SharedData.path("expected/stories260K.json").toFile())
        .get("cases");
  }

  private static CommandRun complete(String... arguments) {
    Path model = SharedData.path("models/stories260K.f32.gguf");
    Stream<String> fixed = Stream.of("complete", "--json", "--model", model.toString());
    return CommandRun.of(Stream.concat(fixed, Stream.of(arguments)).toArray(String[]::new));
  }
}
