package io.sparkllama.engine;

import static io.sparkllama.engine.FakeEngine.CONTEXT;
import static io.sparkllama.engine.FakeEngine.LABELS;
import static io.sparkllama.engine.FakeEngine.TEXT;
import static io.sparkllama.engine.FakeEngine.classification;
import static io.sparkllama.engine.FakeEngine.engine;
import static io.sparkllama.engine.FakeEngine.request;
import static io.sparkllama.engine.FakeEngine.sampling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.FakeEngine.Shape;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holds that a row's trouble is an error in its own result, and the caller's an exception. */
@Timeout(60)
class RowErrorTest {
  @Test
  void refusesImpossibleArguments() {
    try (LlamaEngine engine = engine()) {
      assertThatThrownBy(() -> engine.scoreTokens(new int[0], new int[] {3}))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> engine.scoreTokens(new int[] {0}, new int[] {FakeModel.VOCABULARY}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("48: 48");
      ClassifyRequest none =
          new ClassifyRequest(
              Prompt.ofData("a"), List.of(), OverlongPolicy.ERROR, Normalization.NONE);
      assertThatThrownBy(() -> engine.classify(none)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void givesTheRowAnErrorWhenThePromptIsTooLong() {
    try (LlamaEngine engine = engine()) {
      GenerationResult result =
          engine.generate(request("z".repeat(CONTEXT - 1), sampling(0, 1))).join();
      assertThat(result.finishReason()).isEqualTo(FinishReason.ERROR);
      assertThat(result.error().orElseThrow().errorClass()).isEqualTo(RowError.PROMPT_TOO_LONG);
      assertThat(result.error().orElseThrow().message()).doesNotContain("zz").contains("96", "95");
      ScoreResult score =
          engine
              .score(new ScoreRequest(Prompt.ofData("z".repeat(CONTEXT)), Prompt.ofData("a")))
              .join();
      assertThat(score.error().orElseThrow().errorClass()).isEqualTo(RowError.PROMPT_TOO_LONG);
      ClassifyResult label =
          engine
              .classify(
                  new ClassifyRequest(
                      Prompt.ofData("z".repeat(CONTEXT - 4)),
                      LABELS,
                      OverlongPolicy.ERROR,
                      Normalization.NONE))
              .join();
      assertThat(label.error().orElseThrow().errorClass()).isEqualTo(RowError.PROMPT_TOO_LONG);
    }
  }

  @Test
  void truncatesToMakeRoomForAnswersAndLabels() {
    try (LlamaEngine engine = engine()) {
      GenerationRequest request =
          new GenerationRequest(
              new RowKey(1, 2),
              Prompt.ofData("z".repeat(500)),
              sampling(0, 30),
              OverlongPolicy.TRUNCATE_TAIL);
      assertThat(engine.generate(request).join().promptTokens()).isEqualTo(CONTEXT - 30);
      ClassifyResult label =
          engine
              .classify(
                  new ClassifyRequest(
                      Prompt.ofData("z".repeat(500)),
                      LABELS,
                      OverlongPolicy.TRUNCATE_HEAD,
                      Normalization.NONE))
              .join();
      assertThat(label.error()).isEmpty();
      int longest =
          LABELS.stream()
              .mapToInt(name -> TEXT.encodeWithBos(Prompt.ofData(name)).length)
              .max()
              .orElseThrow();
      assertThat(label.promptTokens()).isEqualTo(CONTEXT - longest);
    }
  }

  @Test
  void givesRowsThatTheTokenizerRefusesAnError() {
    try (LlamaEngine engine = engine()) {
      GenerationResult result = engine.generate(request("CANARY", sampling(0, 5))).join();
      assertThat(result.error().orElseThrow().errorClass()).isEqualTo(RowError.INVALID_TEXT);
      assertThat(result.error().orElseThrow().message()).doesNotContain("CANARY");
    }
    EngineOptions options = EngineOptions.defaults();
    try (LlamaEngine engine =
        LlamaEngine.on(
            new FakeText(false), CONTEXT, options, new FakeModelRunner(options, CONTEXT, 1, 100))) {
      assertThat(engine.generate(request("", sampling(0, 5))).join().error().orElseThrow())
          .extracting(RowError::errorClass)
          .isEqualTo(RowError.INVALID_TEXT);
      ScoreRequest bare = new ScoreRequest(Prompt.ofData(""), Prompt.ofData("a"));
      assertThat(engine.score(bare).join().error().orElseThrow().errorClass())
          .isEqualTo(RowError.INVALID_TEXT);
    }
  }

  @Test
  void givesOnlyThatRowAnErrorWhenLogitsAreNotNumbers() {
    try (LlamaEngine engine = engine()) {
      int[] poisoned = {FakeModel.BOS, FakeModel.POISON};
      String poison = "!";
      assertThat(TEXT.encodeWithBos(Prompt.ofData(poison))).isEqualTo(poisoned);
      CompletableFuture<GenerationResult> good = engine.generate(request("a", sampling(0, 20)));
      CompletableFuture<GenerationResult> bad = engine.generate(request(poison, sampling(0.8, 20)));
      CompletableFuture<ScoreResult> score = engine.scoreTokens(poisoned, new int[] {4, 5, 6});
      CompletableFuture<ClassifyResult> label =
          engine.classify(
              new ClassifyRequest(
                  Prompt.ofData(poison), LABELS, OverlongPolicy.ERROR, Normalization.NONE));
      assertThat(good.join().error()).isEmpty();
      assertThat(bad.join().error().orElseThrow().errorClass()).isEqualTo(RowError.NAN_LOGITS);
      assertThat(score.join().error().orElseThrow().errorClass()).isEqualTo(RowError.NAN_LOGITS);
      assertThat(label.join().error().orElseThrow().errorClass()).isEqualTo(RowError.NAN_LOGITS);
      ClassifyRequest poisonedLabel =
          new ClassifyRequest(
              Prompt.ofData("a"),
              List.of("a", "b!b", "c"),
              OverlongPolicy.ERROR,
              Normalization.NONE);
      assertThat(engine.classify(poisonedLabel).join().error().orElseThrow().errorClass())
          .isEqualTo(RowError.NAN_LOGITS);
      assertThat(engine.generate(request("a", sampling(0, 20))).join())
          .usingRecursiveComparison()
          .isEqualTo(good.join());
    }
  }

  @Test
  void givesRowsThatNeverFitTheKvCacheAnError() {
    try (LlamaEngine engine = engine(new Shape(3, 64, 16, 1, 5))) { // 20 positions
      assertThat(engine.generate(request("z".repeat(10), sampling(0, 10))).join().error())
          .isEmpty(); // 11 + 9 positions
      assertThat(
              engine
                  .generate(request("z".repeat(10), sampling(0, 11)))
                  .join()
                  .error()
                  .orElseThrow())
          .satisfies(
              error -> {
                assertThat(error.errorClass()).isEqualTo(RowError.KV_CACHE_TOO_SMALL);
                assertThat(error.message()).contains("engine.kv-cache-memory");
              });
      assertThat(
              engine
                  .classify(classification("z".repeat(12), List.of("b".repeat(8), "c")))
                  .join()
                  .error()
                  .orElseThrow()
                  .errorClass())
          .isEqualTo(RowError.KV_CACHE_TOO_SMALL); // 13 + 8 positions
      assertThat(
              engine
                  .scoreTokens(new int[21], new int[] {2})
                  .join()
                  .error()
                  .orElseThrow()
                  .errorClass())
          .isEqualTo(RowError.KV_CACHE_TOO_SMALL);
    }
  }
}
