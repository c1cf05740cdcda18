package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the whole engine's greedy completions against those of an independent implementation. */
@Timeout(120)
class GoldenCompletionTest {
  private static final EngineOptions EXACT =
      EngineOptions.defaults().withThreads(2).withKvCacheType(KvCacheType.F32);

  /** Below this, 16-bit rounding may prefer the second best token. */
  private static final double CLOSE = 0.05;

  private static List<GenerationResult> complete(
      Path file, EngineOptions options, List<ExpectedCompletions.Case> cases) {
    try (LlamaEngine engine = LlamaEngine.open(file, options)) {
      List<CompletableFuture<GenerationResult>> futures =
          cases.stream()
              .map(
                  expected ->
                      engine.generate(
                          new GenerationRequest(
                              new RowKey(0, 0),
                              Prompt.ofTemplate(expected.prompt()),
                              SamplingParams.greedy(expected.greedyIds().length),
                              OverlongPolicy.ERROR)))
              .toList();
      return futures.stream().map(CompletableFuture::join).toList();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tinystories656K", "babyllama105"})
  void equalTokenForToken(String name) {
    Path file = SharedData.path("models/" + name + ".f32.gguf");
    List<ExpectedCompletions.Case> cases = ExpectedCompletions.of(name);
    List<GenerationResult> results = complete(file, EXACT, cases);
    Tokenizer prompts = ModelFile.open(file).tokenizer();
    for (int i = 0; i < cases.size(); i++) {
      ExpectedCompletions.Case expected = cases.get(i);
      GenerationResult result = results.get(i);
      assertThat(result.tokens()).as(expected.prompt()).isEqualTo(expected.greedyIds());
      assertThat(result.promptTokens()).isEqualTo(expected.promptIds().length);
      assertThat(result.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(prompts.decode(expected.promptIds()) + result.text())
          .isEqualTo(expected.greedyText());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "stories260K, f32, F16",
    "stories260K, f16, F32",
    "stories260K, f16, F16",
    "tinystories656K, f32, F16",
    "tinystories656K, f16, F32",
    "tinystories656K, f16, F16",
    "babyllama105, f32, F16"
  })
  void equalInSixteenBitsWhileTheBestIsClear(String name, String weights, KvCacheType cache) {
    Path file = SharedData.path("models/" + name + "." + weights + ".gguf");
    List<ExpectedCompletions.Case> cases = ExpectedCompletions.of(name);
    List<GenerationResult> results = complete(file, EXACT.withKvCacheType(cache), cases);
    int compared = 0;
    for (int i = 0; i < cases.size(); i++) {
      ExpectedCompletions.Case expected = cases.get(i);
      int clear = 0;
      while (clear < expected.margins().length && expected.margins()[clear] >= CLOSE) {
        clear++;
      }
      assertThat(Arrays.copyOf(results.get(i).tokens(), clear))
          .as(expected.prompt())
          .isEqualTo(Arrays.copyOf(expected.greedyIds(), clear));
      compared += clear;
    }
    assertThat(compared).isGreaterThan(50);
  }
}
