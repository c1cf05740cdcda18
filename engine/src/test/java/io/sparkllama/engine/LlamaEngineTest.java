package io.sparkllama.engine;

import static io.sparkllama.engine.FakeEngine.CONTEXT;
import static io.sparkllama.engine.FakeEngine.LABELS;
import static io.sparkllama.engine.FakeEngine.SHAPES;
import static io.sparkllama.engine.FakeEngine.TEXT;
import static io.sparkllama.engine.FakeEngine.append;
import static io.sparkllama.engine.FakeEngine.classification;
import static io.sparkllama.engine.FakeEngine.directly;
import static io.sparkllama.engine.FakeEngine.engine;
import static io.sparkllama.engine.FakeEngine.request;
import static io.sparkllama.engine.FakeEngine.requests;
import static io.sparkllama.engine.FakeEngine.sampling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.FakeEngine.Shape;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holds the engine's answers against a model computed directly, whatever the batch. */
@Timeout(60)
class LlamaEngineTest {
  @Test
  void generatesTheSameWhateverTheBatch() {
    List<GenerationRequest> requests = requests(60);
    for (Shape shape : SHAPES) {
      try (LlamaEngine engine = engine(shape)) {
        List<CompletableFuture<GenerationResult>> futures =
            requests.stream().map(engine::generate).toList();
        for (int i = 0; i < requests.size(); i++) {
          assertThat(futures.get(i).join())
              .as("%s, request %d", shape, i)
              .usingRecursiveComparison()
              .isEqualTo(directly(requests.get(i)));
        }
        EngineStatistics statistics = engine.statistics();
        assertThat(statistics.sampledTokens())
            .isEqualTo(futures.stream().mapToInt(f -> f.join().tokens().length).sum());
        if (shape.blocks() == 30) {
          assertThat(statistics.preemptions()).isPositive();
        }
      }
    }
  }

  @Test
  void rowsThatFindNoRoomForTheirAdjustmentsWait() {
    List<GenerationRequest> requests = requests(60);
    Shape shape = SHAPES.get(0);
    long roomySteps = 0;
    for (int adjustments : new int[] {shape.sequences() * FakeModel.VOCABULARY, 100, 48}) {
      try (LlamaEngine engine = engine(shape, adjustments)) {
        List<CompletableFuture<GenerationResult>> futures =
            requests.stream().map(engine::generate).toList();
        for (int i = 0; i < requests.size(); i++) {
          assertThat(futures.get(i).join())
              .as("room for %d, request %d", adjustments, i)
              .usingRecursiveComparison()
              .isEqualTo(directly(requests.get(i)));
        }
        roomySteps = roomySteps == 0 ? engine.statistics().steps() : roomySteps;
        if (adjustments == 48) {
          // Twice as many and more; fewer where the roomy run waited for its requests.
          assertThat(engine.statistics().steps()).isGreaterThan(roomySteps + roomySteps / 2);
        }
      }
    }
  }

  @Test
  void completionsOfAPromptAreTheSameWhateverTheBatchAndTheirNumber() {
    List<GenerationRequest> requests = FakeEngine.requests(40);
    List<List<GenerationResult>> expected;
    try (LlamaEngine engine = FakeEngine.engine()) {
      expected = requests.stream().map(request -> engine.generate(request, 6).join()).toList();
      for (int i = 0; i < requests.size(); i++) {
        assertThat(engine.generate(requests.get(i)).join())
            .usingRecursiveComparison()
            .isEqualTo(expected.get(i).get(0));
      }
    }
    assertThat(expected.stream().filter(results -> differ(results)).count()).isGreaterThan(10);
    for (FakeEngine.Shape shape : FakeEngine.SHAPES) {
      try (LlamaEngine engine = FakeEngine.engine(shape)) {
        List<CompletableFuture<List<GenerationResult>>> futures =
            requests.stream().map(request -> engine.generate(request, 4)).toList();
        for (int i = 0; i < requests.size(); i++) {
          assertThat(futures.get(i).join())
              .as("%s, request %d", shape, i)
              .usingRecursiveComparison()
              .isEqualTo(expected.get(i).subList(0, 4));
        }
      }
    }
  }

  private static boolean differ(List<GenerationResult> results) {
    return results.stream().map(GenerationResult::text).distinct().count() > 1;
  }

  @Test
  void aPromptWithSeveralCompletionsIsComputedOnce() {
    GenerationRequest request =
        FakeEngine.request("a prompt of some length", FakeEngine.sampling(0.8, 1));
    long single;
    try (LlamaEngine engine = FakeEngine.engine()) {
      engine.generate(request).join();
      single = engine.statistics().computedTokens();
    }
    try (LlamaEngine engine = FakeEngine.engine()) {
      assertThat(engine.generate(request, 8).join()).hasSize(8);
      assertThat(engine.statistics().computedTokens()).isEqualTo(single - 1 + 8);
    }
  }

  @Test
  void anErrorOfAPromptStandsInEachOfItsCompletions() {
    try (LlamaEngine engine = FakeEngine.engine()) {
      List<GenerationResult> results =
          engine
              .generate(FakeEngine.request("long".repeat(99), FakeEngine.sampling(1, 3)), 3)
              .join();
      assertThat(results).hasSize(3).allMatch(result -> result.error().isPresent());
    }
  }

  @Test
  void refusesABiasOutsideTheVocabulary() {
    SamplingParams sampling =
        sampling(0, 4).withPenalties(new Penalties(1, 0, 0, Map.of(FakeModel.VOCABULARY, 1.0)));
    try (LlamaEngine engine = engine()) {
      assertThatThrownBy(() -> engine.generate(request("a", sampling)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("outside the vocabulary of 48: 48");
    }
  }

  @Test
  void tellsThoughtsFromTheAnswerAndStopsInTheAnswerAlone() {
    SamplingParams sampling = SamplingParams.greedy(40);
    Prompt begun = Prompt.ofTemplate("i th");
    try (LlamaEngine engine = engine(SHAPES.get(0))) {
      String whole = generate(engine, begun, sampling, Optional.empty()).text();
      String end = whole.substring(8, 11);
      int at = whole.indexOf(end);
      ReasoningMarks marks = new ReasoningMarks("th", end);
      String answer = whole.substring(at + end.length()).stripLeading();

      GenerationResult parted = generate(engine, begun, sampling, Optional.of(marks));
      assertThat(parted.reasoning()).contains(whole.substring(0, at).strip());
      assertThat(parted.text()).isEqualTo(answer);
      assertThat(parted.tokens())
          .isEqualTo(generate(engine, begun, sampling, Optional.empty()).tokens());

      // The same text from a document has begun nothing.
      Prompt written = Prompt.ofData("i th");
      GenerationResult plain = generate(engine, written, sampling, Optional.of(marks));
      assertThat(plain.reasoning()).isEmpty();
      assertThat(plain.text()).isEqualTo(whole);

      String thought = whole.substring(0, 1);
      SamplingParams stopping = new SamplingParams(0, 0, 1, 0, 0, 40, List.of(thought), List.of());
      GenerationResult stopped = generate(engine, begun, stopping, Optional.of(marks));
      assertThat(stopped.reasoning()).isEqualTo(parted.reasoning());
      assertThat(stopped.text())
          .isEqualTo(
              answer.contains(thought) ? answer.substring(0, answer.indexOf(thought)) : answer);
    }
  }

  private static GenerationResult generate(
      LlamaEngine engine, Prompt prompt, SamplingParams sampling, Optional<ReasoningMarks> marks) {
    return engine
        .generate(
            new GenerationRequest(new RowKey(1, 2), prompt, sampling, OverlongPolicy.ERROR, marks))
        .join();
  }

  @Test
  void classifiesTheSameWhateverTheBatch() {
    List<String> prompts = List.of("", "he", "i lost my card: ", "abc", "in there is some:\n", "c");
    List<ClassifyResult> first = new ArrayList<>();
    for (Shape shape : SHAPES) {
      try (LlamaEngine engine = engine(shape)) {
        List<CompletableFuture<ClassifyResult>> futures = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
          Normalization normalization = i % 2 == 0 ? Normalization.NONE : Normalization.TOKENS;
          futures.add(
              engine.classify(
                  new ClassifyRequest(
                      Prompt.ofData(prompts.get(i % prompts.size())),
                      LABELS,
                      OverlongPolicy.ERROR,
                      normalization)));
        }
        for (int i = 0; i < futures.size(); i++) {
          ClassifyResult result = futures.get(i).join();
          checkAgainstModel(prompts.get(i % prompts.size()), i % 2 == 1, result);
          if (shape == SHAPES.get(0)) {
            first.add(result);
          }
          assertThat(result)
              .as("%s, request %d", shape, i)
              .usingRecursiveComparison()
              .isEqualTo(first.get(i));
        }
      }
    }
  }

  private void checkAgainstModel(String prompt, boolean perToken, ClassifyResult result) {
    int[] promptIds = TEXT.encodeWithBos(Prompt.ofData(prompt));
    double sum = 0;
    double[] weights = new double[LABELS.size()];
    for (int i = 0; i < LABELS.size(); i++) {
      int[] joint = TEXT.encodeWithBos(Prompt.ofData(prompt + LABELS.get(i)));
      boolean joins = !Arrays.equals(promptIds, Arrays.copyOf(joint, promptIds.length));
      int[] alone = TEXT.encodeWithBos(Prompt.ofData(LABELS.get(i)));
      int[] label =
          joins
              ? Arrays.copyOfRange(alone, 1, alone.length)
              : Arrays.copyOfRange(joint, promptIds.length, joint.length);
      double expected = directly(promptIds, append(label, FakeModel.EOS));
      assertThat(result.logLikelihoods()[i]).isEqualTo(expected, within(1e-9));
      weights[i] = expected / (perToken ? label.length + 1 : 1);
      sum += Math.exp(weights[i]);
    }
    for (int i = 0; i < LABELS.size(); i++) {
      assertThat(result.probabilities()[i]).isEqualTo(Math.exp(weights[i]) / sum, within(1e-12));
      assertThat(result.probabilities()[result.best()])
          .isGreaterThanOrEqualTo(result.probabilities()[i]);
    }
    assertThat(Arrays.stream(result.probabilities()).sum()).isEqualTo(1, within(1e-12));
    assertThat(result.promptTokens()).isEqualTo(promptIds.length);
  }

  @Test
  void classifiesManyLabelsWithFewSequences() {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < 77; i++) {
      labels.add("" + (char) ('a' + i % 26) + (char) ('a' + i / 26) + "card");
    }
    for (Shape shape : SHAPES) {
      try (LlamaEngine engine = engine(shape)) {
        ClassifyResult result =
            engine
                .classify(
                    new ClassifyRequest(
                        Prompt.ofData("my card is gone:"),
                        labels,
                        OverlongPolicy.ERROR,
                        Normalization.NONE))
                .join();
        assertThat(result.error()).isEmpty();
        int[] prompt = TEXT.encodeWithBos(Prompt.ofData("my card is gone:"));
        int[] label = TEXT.encodeWithBos(Prompt.ofData(labels.get(76)));
        label = append(Arrays.copyOfRange(label, 1, label.length), FakeModel.EOS);
        assertThat(result.logLikelihoods()[76]).isEqualTo(directly(prompt, label), within(1e-9));
      }
    }
  }

  @Test
  void positionsSayWhatCanBeClassified() {
    try (LlamaEngine engine = engine(SHAPES.get(0))) {
      for (String label : List.of("card", "z".repeat(12))) {
        int fitting = 0;
        for (int length = 0; length < 100; length++) {
          ClassifyRequest request =
              new ClassifyRequest(
                  Prompt.ofData("z".repeat(length)),
                  List.of("b", label),
                  OverlongPolicy.ERROR,
                  Normalization.NONE);
          boolean fits = engine.positions(request) <= engine.contextLength();
          assertThat(engine.classify(request).join().error().isEmpty()).isEqualTo(fits);
          fitting += fits ? 1 : 0;
        }
        assertThat(fitting).isBetween(80, 95);
      }
    }
  }

  @Test
  void scoresTheSameWhateverTheBatch() {
    List<String> contexts = List.of("", "the cat", "the cat   ", "in a", "xyxyxyxyxy", "  ");
    List<String> continuations = List.of("", " a card", "b", "cab cab cab", "ll", "e");
    for (Shape shape : SHAPES) {
      try (LlamaEngine engine = engine(shape)) {
        for (int i = 0; i < contexts.size(); i++) {
          ScoreResult result =
              engine
                  .score(
                      new ScoreRequest(
                          Prompt.ofData(contexts.get(i)), Prompt.ofData(continuations.get(i))))
                  .join();
          String context = contexts.get(i).stripTrailing();
          String whole = contexts.get(i) + continuations.get(i);
          int[] all = TEXT.encodeWithBos(Prompt.ofData(whole));
          int border = Math.min(all.length, TEXT.encodeWithBos(Prompt.ofData(context)).length);
          border = whole.length() > context.length() ? Math.min(border, all.length - 1) : border;
          int[] continuation = Arrays.copyOfRange(all, border, all.length);
          assertThat(result.tokens()).isEqualTo(continuation);
          assertThat(result.logLikelihood())
              .isEqualTo(directly(Arrays.copyOf(all, border), continuation), within(1e-9));
          assertThat(result.tokenLogProbabilities()).hasSize(continuation.length);
        }
      }
    }
  }

  @Test
  void saysWhetherAContinuationIsGreedy() {
    try (LlamaEngine engine = engine(new Shape(3, 7, 2, 1, 26))) {
      int[] context = {FakeModel.BOS, 5, 6};
      int[] greedy = engine.generate(request("de", sampling(0, 12))).join().tokens();
      assertThat(TEXT.encodeWithBos(Prompt.ofData("de"))).isEqualTo(context);
      assertThat(engine.scoreTokens(context, greedy).join().greedy()).isTrue();
      greedy[greedy.length - 1] ^= 1;
      assertThat(engine.scoreTokens(context, greedy).join().greedy()).isFalse();
      assertThat(engine.scoreTokens(context, new int[0]).join().tokens()).isEmpty();
    }
  }

  @Test
  void stopsAtStopTokensAndKeepsThemInTheTokens() {
    try (LlamaEngine engine = engine()) {
      GenerationResult free = engine.generate(request("there", sampling(0, 8))).join();
      int third = free.tokens()[2];
      SamplingParams stopping = new SamplingParams(0, 0, 1, 0, 0, 8, List.of(), List.of(third));
      GenerationResult stopped = engine.generate(request("there", stopping)).join();
      int length = 1 + Arrays.stream(free.tokens()).boxed().toList().indexOf(third);
      assertThat(stopped.tokens()).isEqualTo(Arrays.copyOf(free.tokens(), length));
      assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(free.text()).startsWith(stopped.text() + FakeText.piece(third));
    }
  }

  @Test
  void endsAtTheEndOfTheContext() {
    try (LlamaEngine engine = engine()) {
      GenerationResult result =
          engine.generate(request("z".repeat(CONTEXT - 2), sampling(0, 50))).join();
      assertThat(result.promptTokens() + result.tokens().length).isEqualTo(CONTEXT);
      assertThat(result.finishReason()).isIn(FinishReason.LENGTH, FinishReason.STOP);
    }
  }

  @Test
  void classifiesTheSameWithoutRoomForAFork() {
    // 4 blocks of the prompt, and a fork would need 2 of its own beside them.
    ClassifyRequest request = classification("z".repeat(12), List.of("bbbb", "cccc", "d", "bb"));
    try (LlamaEngine roomy = engine();
        LlamaEngine small = engine(new Shape(3, 64, 16, 1, 5))) {
      assertThat(small.classify(request).join())
          .usingRecursiveComparison()
          .isEqualTo(roomy.classify(request).join());
      EngineStatistics replayed = small.statistics();
      assertThat(replayed.computedTokens() + replayed.cachedTokens())
          .isGreaterThan(roomy.statistics().computedTokens() + 3 * 12);
    }
  }

  @Test
  void anyEndTokenEndsALabel() {
    FakeText text = new FakeText(true, Set.of(30, FakeModel.EOS, 31));
    EngineOptions options = EngineOptions.defaults();
    ClassifyRequest request = classification("abc", List.of("b", "card lost", "q"));
    int[] prompt = TEXT.encodeWithBos(request.prompt());
    for (int blocks : new int[] {100, 5}) { // with forks, and without room for one
      ClassifyResult result;
      try (LlamaEngine engine =
          LlamaEngine.on(
              text, CONTEXT, options, new FakeModelRunner(options, CONTEXT, 1, blocks))) {
        result = engine.classify(request).join();
        assertThat(result.error()).isEmpty();
      }
      for (int i = 0; i < 3; i++) {
        int[] label = TEXT.encodeWithBos(Prompt.ofData(request.labels().get(i)));
        label = Arrays.copyOfRange(label, 1, label.length);
        double sum = 0;
        for (int end : new int[] {FakeModel.EOS, 30, 31}) {
          sum += Math.exp(directly(prompt, append(label, end)));
        }
        assertThat(result.logLikelihoods()[i]).isEqualTo(Math.log(sum), within(1e-9));
      }
    }
  }

  @Test
  void labelsOfAModelWithoutAnEndHaveNone() {
    EngineOptions options = EngineOptions.defaults();
    ClassifyRequest request = classification("abc", List.of("b", "card", "q"));
    int[] prompt = TEXT.encodeWithBos(request.prompt());
    try (LlamaEngine engine =
        LlamaEngine.on(
            new FakeText(true, Set.of()),
            CONTEXT,
            options,
            new FakeModelRunner(options, CONTEXT, 1, 100))) {
      ClassifyResult result = engine.classify(request).join();
      for (int i = 0; i < 3; i++) {
        int[] label = TEXT.encodeWithBos(Prompt.ofData(request.labels().get(i)));
        label = Arrays.copyOfRange(label, 1, label.length);
        assertThat(result.logLikelihoods()[i]).isEqualTo(directly(prompt, label), within(1e-9));
      }
    }
  }

  @Test
  void generatesWhereTheFixedTextAloneIsLongerThanHalfTheContext() {
    SamplingParams sampling = sampling(0, 60);
    Prompt prompt =
        new Prompt(
            List.of(
                new Prompt.Span("z".repeat(70), Prompt.Origin.TEMPLATE),
                new Prompt.Span("q".repeat(200), Prompt.Origin.DATA)));
    try (LlamaEngine engine = engine()) {
      for (OverlongPolicy policy : OverlongPolicy.values()) {
        GenerationResult result =
            engine
                .generate(new GenerationRequest(new RowKey(1, 2), prompt, sampling, policy))
                .join();
        assertThat(result.error().isPresent()).isEqualTo(policy == OverlongPolicy.ERROR);
        if (policy != OverlongPolicy.ERROR) {
          assertThat(result.promptTokens()).isEqualTo(71 + (CONTEXT - 1 - 71) / 2);
        }
      }
    }
  }

  @Test
  void prefersTheFirstOfEqualLabels() {
    EngineOptions options = EngineOptions.defaults();
    try (EngineLoop loop =
        new EngineLoop(
            new FakeModelRunner(options, CONTEXT, 1, 100),
            options.prefillChunk(),
            true,
            FakeModel.VOCABULARY)) {
      int[][] labels = {{5}, {6}, {5}, {6}}; // one pair or the other is best
      int[] ends = {FakeModel.EOS};
      ClassifyWork work =
          new ClassifyWork(new int[] {0, 9}, Sequence.NO_ADAPTER, labels, ends, Normalization.NONE);
      loop.submit(work);
      ClassifyResult result = work.future().join();
      double[] p = result.probabilities();
      assertThat(p[0]).isEqualTo(p[2]);
      assertThat(p[1]).isEqualTo(p[3]);
      assertThat(result.best()).isLessThan(2);
    }
  }
}
