package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.Prompt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchMeasurementTest {
  @TempDir private static Path folder;

  private static LlamaEngine engine;
  private static List<Prompt> prompts; // of 20 tokens
  private static long promptTokens;

  @BeforeAll
  static void openEngine() {
    Path model = folder.resolve("model.gguf");
    CommandRun run =
        CommandRun.of("synthesize", "--shape", "llama-60m", "--type", "Q4_0", model.toString());
    assertThat(run.exitCode()).as(run.err()).isZero();
    EngineOptions options =
        EngineOptions.defaults()
            .withBatchLimits(8, 16, 16)
            .withContextLength(256)
            .withPrefixCache(false);
    engine = LlamaEngine.open(model, options);
    BenchPrompts made = new BenchPrompts(engine.model().tokenizer());
    prompts = made.prompts(7, 3, 20, 0);
    promptTokens =
        prompts.stream()
            .mapToLong(prompt -> engine.model().tokenizer().encodeWithBos(prompt).length)
            .sum();
  }

  @AfterAll
  static void closeEngine() {
    engine.close();
  }

  @Test
  void countsAllThatCompletionsTake() {
    BenchResult.Phase phase = new BenchMeasurement(engine).completed(prompts, 3);

    assertThat(phase.computedTokens()).isEqualTo(promptTokens + 3 * 2);
    assertThat(phase.sampledTokens()).isEqualTo(3 * 3);
    assertThat(phase.seconds()).isPositive();
  }

  @Test
  void measuresStepsInWhichEverySequenceDecodes() {
    BenchResult.Phase phase = new BenchMeasurement(engine).decoded(prompts, 5, 100);

    assertThat(phase.steps()).isGreaterThanOrEqualTo(5);
    assertThat(phase.computedTokens()).isEqualTo(3 * phase.steps());
    assertThat(phase.sampledTokens()).isEqualTo(3 * phase.steps());
    assertThat(phase.seconds()).isPositive();
    assertThat(engine.statistics().running()).as("sequences left behind").isZero();
  }

  @Test
  void refusesStepsThatTheSequencesDoNotReach() {
    BenchMeasurement measurement = new BenchMeasurement(engine);

    assertThatThrownBy(() -> measurement.decoded(prompts, 50, 10))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("ended before");
    assertThat(engine.statistics().running() + engine.statistics().waiting()).isZero();
  }

  @Test
  void countsTheStepsBeforeASequenceEnds() throws IOException {
    BenchResult result = new BenchMeasurement(engine).measured(prompts, 1_000, 60);

    assertThat(result.prefill().computedTokens()).isEqualTo(promptTokens);
    assertThat(result.decode().steps()).isBetween(1L, 59L);
    assertThat(result.decode().sampledTokens()).isEqualTo(3 * result.decode().steps());
    assertThat(result.decode().seconds()).isPositive();
  }

  @Test
  void takesTheDifferenceWhereSequencesEndBeforeAllDecode() throws IOException {
    // Steps of 16 tokens: the first of three prompts of 20 has ended when the last is computed.
    BenchResult result = new BenchMeasurement(engine).measured(prompts, 2, 1);

    assertThat(result.decode().computedTokens()).isEqualTo(3 * 2);
    assertThat(result.decode().sampledTokens()).isEqualTo(3 * 2);
  }

  @Test
  void promptsOfOtherNumbersDiffer() {
    BenchPrompts made = new BenchPrompts(engine.model().tokenizer());

    assertThat(made.prompts(1, 3, 20, 0)).isEqualTo(made.prompts(3, 20, 0));
    assertThat(made.prompts(2, 2, 20, 0)).isEqualTo(made.prompts(3, 20, 0).subList(1, 3));
    assertThat(prompts).doesNotContainAnyElementsOf(made.prompts(3, 20, 0));
  }
}
