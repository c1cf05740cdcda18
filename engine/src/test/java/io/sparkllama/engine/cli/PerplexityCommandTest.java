package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PerplexityCommandTest {
  @TempDir private Path folder;

  @Test
  void agreesWithLlamaCppOnEachFile() throws IOException {
    JsonNode expected =
        new ObjectMapper().readTree(SharedData.path("expected/perplexity.json").toFile());
    String context = expected.get("context").asText();
    for (var entry : expected.get("perplexity").properties()) {
      JsonNode result = perplexity(entry.getKey(), "--context", context).onlyJson();
      double value = entry.getValue().doubleValue();
      // The quantized files differ by how activations are rounded as well.
      double tolerance = entry.getKey().contains("quantized") ? 0.01 : 0.005;
      assertThat(result.get("perplexity").doubleValue())
          .as(entry.getKey())
          .isCloseTo(value, within(tolerance * value));
      // The second half of a window of 128, but for the token in its middle.
      assertThat(result.get("tokens").longValue() % 63).isZero();
    }
  }

  @Test
  void refusesATextShorterThanAWindowAndABadWindow() throws IOException {
    Path text = Files.writeString(folder.resolve("short.txt"), "Once upon a time");
    String model = SharedData.path("models/stories260K.f32.gguf").toString();

    CommandRun.of("perplexity", "--model", model, "--file", text.toString())
        .assertRefused(2, "tokens", "512", "short.txt");
    CommandRun.of("perplexity", "--model", model, "--file", text.toString(), "--context", "2")
        .assertRefused(2, "--context");
  }

  private static CommandRun perplexity(String model, String... options) {
    String[] arguments = new String[6 + options.length];
    String[] fixed = {
      "perplexity",
      "--json",
      "--model",
      SharedData.path(model).toString(),
      "--file",
      SharedData.path("expected/perplexity-text.txt").toString()
    };
    System.arraycopy(fixed, 0, arguments, 0, fixed.length);
    System.arraycopy(options, 0, arguments, fixed.length, options.length);
    return CommandRun.of(arguments);
  }
}
