package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ScoreResult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds perplexities against llama.cpp's, by its own method. */
@Timeout(120)
class PerplexityTest {
  static Stream<Arguments> models() {
    return figures(ExpectedCompletions.json("expected/perplexity.json"));
  }

  static Stream<Arguments> demoModels() throws IOException {
    return figures(new ObjectMapper().readTree(resource("perplexity.json")));
  }

  @ParameterizedTest
  @MethodSource("models")
  void agreesWithLlamaCpp(String name, double expected) throws IOException {
    int window = ExpectedCompletions.json("expected/perplexity.json").get("context").asInt();
    String text = Files.readString(SharedData.path("expected/perplexity-text.txt"));
    double tolerance = name.contains("quantized") ? 0.01 : 0.005;
    assertThat(perplexity(SharedData.path(name), text, window))
        .isEqualTo(expected, within(expected * tolerance));
  }

  /** The demo model is 256 wide, so that these files hold true K-quants. */
  @ParameterizedTest
  @MethodSource("demoModels")
  void agreesWithLlamaCppOnTheDemoModel(String name, double expected) throws IOException {
    Path model = Path.of(System.getProperty("sparkllama.basedir"), "models", name);
    int window = new ObjectMapper().readTree(resource("perplexity.json")).get("context").asInt();
    double tolerance = name.contains("F16") ? 0.005 : 0.01;
    assertThat(perplexity(model, resource("perplexity-text.txt"), window))
        .isEqualTo(expected, within(expected * tolerance));
  }

  private static Stream<Arguments> figures(JsonNode expected) {
    return StreamSupport.stream(
            expected.get("perplexity").properties().spliterator(), /* parallel= */ false)
        .map(entry -> Arguments.of(entry.getKey(), entry.getValue().asDouble()));
  }

  private static String resource(String name) throws IOException {
    try (InputStream stream = PerplexityTest.class.getResourceAsStream("/demo_model/" + name)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /**
   * Windows do not overlap, each begins with BOS in place of its first token, and all but the first
   * token of its second half is scored.
   */
  private static double perplexity(Path model, String text, int window) {
    EngineOptions options = EngineOptions.defaults().withThreads(2);
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      int bos = engine.model().tokenizer().bosId().orElseThrow();
      int[] ids = engine.model().tokenizer().encodeWithBos(Prompt.ofData(text));
      List<CompletableFuture<ScoreResult>> futures = new ArrayList<>();
      for (int start = 0; start + window <= ids.length; start += window) {
        int[] chunk = Arrays.copyOfRange(ids, start, start + window);
        chunk[0] = bos;
        futures.add(
            engine.scoreTokens(
                Arrays.copyOf(chunk, window / 2 + 1),
                Arrays.copyOfRange(chunk, window / 2 + 1, window)));
      }
      double sum = 0;
      for (CompletableFuture<ScoreResult> future : futures) {
        sum += future.join().logLikelihood();
      }
      assertThat(futures.size()).as("windows").isGreaterThan(50);
      return Math.exp(-sum / (futures.size() * (window / 2 - 1.0)));
    }
  }
}
