package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @Test
  void aGreedyContinuationHasTheLogLikelihoodOfItsSteps() throws IOException {
    JsonNode one = goldenCase();
    String prompt = one.get("prompt").textValue();
    // The text begins with the space that SentencePiece puts before a prompt.
    String continuation = one.get("greedy_text").textValue().substring(1 + prompt.length());
    double expected = 0;
    for (JsonNode step : one.get("top5_per_step")) {
      // Five pairs of id and logit, then the logarithm of the sum of all exponentials.
      expected += step.get(0).get(1).doubleValue() - step.get(5).get(1).doubleValue();
    }
    ObjectNode row = JSON.createObjectNode();
    row.put("id", 12_345_678_901L).put("context", prompt).put("continuation", continuation);

    JsonNode result = score(row.toString()).onlyJson();

    int tokens = one.get("greedy_ids").size();
    assertThat(result.get("tokens").intValue()).isEqualTo(tokens);
    assertThat(result.get("greedy").booleanValue()).isTrue();
    assertThat(result.get("log_likelihood").doubleValue())
        .isCloseTo(expected, within(1e-3 * tokens));
    assertThat(result.get("id").longValue()).isEqualTo(12_345_678_901L);
    assertThat(result.get("context").textValue()).isEqualTo(prompt);
  }

  @Test
  void keepsTheOrderOfRowsAndTheirFields() throws IOException {
    CommandRun run =
        score(
            "{\"context\":\"One day\",\"continuation\":\" Tom\",\"n\":1.10,\"x\":{\"y\":[null]}}",
            "",
            "{\"continuation\":\" dog\",\"context\":\"The\",\"tokens\":\"replaced\"}");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.json()).hasSize(2);
    assertThat(run.out()).contains("\"n\":1.10").contains("\"x\":{\"y\":[null]}");
    assertThat(run.json().get(1).get("context").textValue()).isEqualTo("The");
    assertThat(run.json().get(1).get("tokens").isInt()).isTrue();
  }

  @Test
  void aRowThatIsTooLongIsSetAside() throws IOException {
    CommandRun run =
        score("{\"context\":\"" + "word ".repeat(2000) + "\",\"continuation\":\" Tom\"}");

    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.json().get(0).at("/error/class").textValue()).isEqualTo("prompt-too-long");
    assertThat(run.json().get(0).has("log_likelihood")).isFalse();
  }

  @Test
  void refusesRowsThatAreNoneWithTheirLine() throws IOException {
    String good = "{\"context\":\"a\",\"continuation\":\" b\"}";
    for (String bad :
        List.of(
            "no json", "[1]", "{\"context\":\"a\"}", "{\"context\":1,\"continuation\":\"b\"}")) {
      CommandRun run = score(good, bad);
      assertThat(run.exitCode()).as(bad).isEqualTo(2);
      assertThat(run.err().lines()).as(bad).hasSize(1).allMatch(line -> line.contains("Line 2"));
    }
  }

  private CommandRun score(String... lines) throws IOException {
    Path model = SharedData.path("models/stories260K.f32.gguf");
    Path file = Files.writeString(folder.resolve("rows.jsonl"), String.join("\n", lines));
    return CommandRun.of(
        "score",
        "--model",
        model.toString(),
        "--file",
        file.toString(),
        "--kv-cache-type",
        "f32",
        "--json");
  }

  private static JsonNode goldenCase() throws IOException {
    return JSON.readTree(SharedData.path("expected/stories260K.json").toFile()).get("cases").get(0);
  }
}
