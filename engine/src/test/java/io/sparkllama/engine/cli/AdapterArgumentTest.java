package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.AdapterModel;
import io.sparkllama.engine.FamilyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterArgumentTest {
  private static final String PROMPT = "The ship";

  private final AdapterModel model = AdapterModel.all().findFirst().orElseThrow();
  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void importModel() {
    file = model.family().gguf(folder);
  }

  @Test
  void completeAnswersWithTheAdapter() {
    FamilyModel.Case expected = model.cases("second").get(0);
    assertThat(expected.prompt()).isEqualTo(PROMPT);
    String tokens = String.valueOf(expected.greedyIds().length);
    CommandRun run = run("complete", "second", "--prompt", PROMPT, "--max-tokens", tokens);
    assertThat(run.onlyJson().get("text").textValue()).isEqualTo(expected.greedyText());
  }

  @Test
  void scoreAndPerplexityMeasureWithTheAdapter() throws IOException {
    Path rows =
        Files.writeString(
            folder.resolve("rows.jsonl"), "{\"context\":\"The\",\"continuation\":\" ship\"}\n");
    Path text = Files.writeString(folder.resolve("text.txt"), "The boats were old. ".repeat(20));
    for (String[] command :
        List.of(
            new String[] {"score", "--file", rows.toString(), "log_likelihood"},
            new String[] {"perplexity", "--file", text.toString(), "perplexity"})) {
      List<Double> numbers = new ArrayList<>();
      for (String adapter : List.of("", "first", "second")) {
        CommandRun run = run(command[0], adapter, command[1], command[2], "--context", "32");
        numbers.add(run.onlyJson().get(command[3]).doubleValue());
      }
      assertThat(numbers).as(command[0]).doesNotHaveDuplicates();
      CommandRun nothing =
          CommandRun.of(
              arguments(
                  command[0],
                  "second",
                  List.of(command[1], command[2], "--context", "32", "--adapter-scale", "0")));
      assertThat(nothing.onlyJson().get(command[3]).doubleValue()).isEqualTo(numbers.get(0));
    }
  }

  @Test
  void aFileThatIsNoAdapterIsRefused() {
    CommandRun run =
        CommandRun.of(
            "complete", "--model", file.toString(), "--adapter", file.toString(), "--prompt", "a");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("general.type");
  }

  private CommandRun run(String command, String adapter, String... more) {
    List<String> options = new ArrayList<>(List.of(more));
    if (!adapter.isEmpty()) {
      options.addAll(List.of("--adapter-scale", String.valueOf(model.adapter(adapter).scale())));
    }
    return CommandRun.of(arguments(command, adapter, options));
  }

  private String[] arguments(String command, String adapter, List<String> more) {
    List<String> all = new ArrayList<>(List.of(command, "--model", file.toString(), "--json"));
    all.addAll(List.of("--kv-cache-type", "f32", "--cache-directory", folder.toString()));
    if (!adapter.isEmpty()) {
      all.addAll(List.of("--adapter", model.adapter(adapter).path().toString()));
    }
    all.addAll(more);
    return all.toArray(String[]::new);
  }
}
