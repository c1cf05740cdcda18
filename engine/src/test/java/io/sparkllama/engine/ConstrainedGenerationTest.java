package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.RowError;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holds constrained answers to their constraint, and to the same bytes in every batch. */
@Timeout(120)
class ConstrainedGenerationTest {
  private static final List<String> EXPRESSIONS =
      List.of(
          "[a-e]{3,9}",
          "(the|in|her): [1-4]{1,3}\\.",
          ".{0,20}!",
          "(ab)*x?",
          "é+😀?",
          "[a-z]+( [a-z]+){0,3}",
          "(card|cab|ca)");

  private static List<GenerationRequest> requests() {
    List<GenerationRequest> requests = new ArrayList<>();
    for (GenerationRequest free : FakeEngine.requests(60)) {
      int at = requests.size();
      if (at % 8 == 7 || !free.sampling().stopStrings().isEmpty()) {
        requests.add(free);
        continue;
      }
      requests.add(free.within(new AnswerConstraint.Regex(EXPRESSIONS.get(at % 7))));
    }
    return requests;
  }

  @Test
  void answersMatchAndAreTheSameInEveryBatch() {
    List<GenerationRequest> requests = requests();
    List<GenerationResult> expected = null;
    for (FakeEngine.Shape shape : FakeEngine.SHAPES) {
      try (LlamaEngine engine = FakeEngine.engine(shape)) {
        List<GenerationResult> results = results(engine, requests);
        for (int i = 0; i < results.size(); i++) {
          requireMatch(requests.get(i), results.get(i));
        }
        expected = expected == null ? results : expected;
        assertThat(results).usingRecursiveComparison().as("%s", shape).isEqualTo(expected);
      }
    }
    long constrained =
        requests.stream().filter(request -> request.constraint().isPresent()).count();
    assertThat(constrained).isGreaterThan(30);
  }

  /** Masks come and go when there is room for hardly more than a step's. */
  @Test
  void answersAreTheSameWhateverRoomThereIsForMasks() {
    FakeEngine.Shape shape = new FakeEngine.Shape(4, 64, 16, 1, 200);
    List<GenerationResult> expected;
    try (LlamaEngine engine = FakeEngine.engine(shape)) {
      expected = results(engine, requests());
    }
    EngineOptions options = EngineOptions.defaults().withBatchLimits(4, 64, 16);
    FakeModelRunner few =
        new FakeModelRunner(options, FakeEngine.CONTEXT, 1, 200)
            .withAdjustments(FakeModel.VOCABULARY * 4)
            .withMasks(8);
    try (LlamaEngine engine = LlamaEngine.on(FakeEngine.TEXT, FakeEngine.CONTEXT, options, few)) {
      assertThat(results(engine, requests())).usingRecursiveComparison().isEqualTo(expected);
    }
    assertThat(few.masksPut()).isGreaterThan(50);
  }

  @Test
  void severalCompletionsFollowTheConstraintEachByItself() {
    GenerationRequest request =
        FakeEngine.request("once", FakeEngine.sampling(1.5, 12))
            .within(new AnswerConstraint.Regex("[a-m]{2,10}"));
    try (LlamaEngine engine = FakeEngine.engine()) {
      List<GenerationResult> results = engine.generate(request, 8).join();
      assertThat(results).allSatisfy(result -> assertThat(result.text()).matches("[a-m]{2,10}"));
      assertThat(results.stream().map(GenerationResult::text).distinct().count()).isGreaterThan(4);
      assertThat(results.get(0))
          .usingRecursiveComparison()
          .isEqualTo(engine.generate(request).join());
    }
  }

  @Test
  void everyLimitOfTokensLeavesAMatchOrAnError() {
    Pattern pattern = Pattern.compile("(in|her) [1-4]{2}(\\.|!!)?");
    try (LlamaEngine engine = FakeEngine.engine()) {
      for (int most = 1; most < 12; most++) {
        for (String prompt : List.of("a", "bc", "card", "xyz")) {
          GenerationResult result =
              engine
                  .generate(
                      FakeEngine.request(prompt, FakeEngine.sampling(0.9, most))
                          .within(new AnswerConstraint.Regex(pattern.pattern())))
                  .join();
          if (most < 4) { // "in", " ", two digits
            assertThat(result.error().orElseThrow().errorClass())
                .isEqualTo(RowError.CONSTRAINT_DOES_NOT_FIT);
          } else {
            assertThat(result.text()).matches(pattern);
            assertThat(result.tokens().length).isLessThanOrEqualTo(most);
          }
        }
      }
    }
  }

  @Test
  void anAnswerEndsWhereNothingMayFollow() {
    try (LlamaEngine engine = FakeEngine.engine()) {
      GenerationResult result =
          engine
              .generate(
                  FakeEngine.request("a", FakeEngine.sampling(0, 30))
                      .within(new AnswerConstraint.Choices(List.of("xyxy"))))
              .join();
      assertThat(result.text()).isEqualTo("xyxy");
      assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(result.tokens()).doesNotContain(FakeModel.EOS);
    }
  }

  @Test
  void aPromptLeavesRoomForTheShortestAnswer() {
    String prompt = "b".repeat(FakeEngine.CONTEXT - 5);
    try (LlamaEngine engine = FakeEngine.engine()) {
      GenerationRequest request = FakeEngine.request(prompt, FakeEngine.sampling(0, 40));
      assertThat(engine.generate(request.within(new AnswerConstraint.Regex("j{4}"))).join().text())
          .isEqualTo("jjjj");
      assertThat(
              engine
                  .generate(request.within(new AnswerConstraint.Regex("j{5}")))
                  .join()
                  .error()
                  .orElseThrow()
                  .errorClass())
          .isEqualTo(RowError.PROMPT_TOO_LONG);
    }
  }

  @Test
  void refusesWhatIsNoConstraint() {
    try (LlamaEngine engine = FakeEngine.engine()) {
      GenerationRequest request = FakeEngine.request("a", FakeEngine.sampling(0, 40));
      assertThatThrownBy(() -> engine.generate(request.within(new AnswerConstraint.Regex("a("))))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("character 2 of a(");
      assertThatThrownBy(() -> engine.generate(request.within(new AnswerConstraint.Regex("ü"))))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("no tokens for any text");
    }
    assertThatThrownBy(
            () ->
                FakeEngine.request("a", FakeEngine.sampling(0, 4, "stop"))
                    .within(new AnswerConstraint.Regex("a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leave out stop strings");
  }

  private static void requireMatch(GenerationRequest request, GenerationResult result) {
    Optional<AnswerConstraint> constraint = request.constraint();
    if (constraint.isEmpty()) {
      return;
    }
    String expression = ((AnswerConstraint.Regex) constraint.get()).expression();
    if (result.error().isPresent()) {
      assertThat(result.error().get().errorClass()).isEqualTo(RowError.CONSTRAINT_DOES_NOT_FIT);
      assertThat(request.sampling().maxTokens()).isLessThan(6);
    } else {
      assertThat(result.text()).matches(Pattern.compile(expression));
    }
  }

  private static List<GenerationResult> results(
      LlamaEngine engine, List<GenerationRequest> requests) {
    List<CompletableFuture<GenerationResult>> futures =
        requests.stream().map(engine::generate).toList();
    return futures.stream().map(CompletableFuture::join).toList();
  }
}
