package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holds the engine's answers against a model computed directly, whatever the batch. */
@Timeout(60)
class LlamaEngineTest {
  private static final int CONTEXT = 96;
  private static final List<String> LABELS =
      List.of("card", "card lost", "a", "the other in there", "cab", "lost", "abab", "xy");

  private final FakeText text = new FakeText(true);

  private record Shape(int sequences, int tokens, int chunk, int groups, int blocks) {}

  /** Batches of every kind: one by one, mixed, and pools that hold hardly more than one context. */
  private static final List<Shape> SHAPES =
      List.of(
          new Shape(64, 512, 512, 1, 2000),
          new Shape(1, 1, 1, 1, 26),
          new Shape(1, 512, 16, 2, 26),
          new Shape(3, 7, 2, 1, 26),
          new Shape(3, 64, 16, 2, 40),
          new Shape(64, 32, 1, 1, 60),
          new Shape(64, 512, 512, 2, 30),
          new Shape(64, 100, 16, 1, 27));

  private LlamaEngine engine(Shape shape) {
    EngineOptions options =
        EngineOptions.defaults().withBatchLimits(shape.sequences(), shape.tokens(), shape.chunk());
    return LlamaEngine.on(
        text,
        CONTEXT,
        options,
        new FakeModelRunner(options, CONTEXT, shape.groups(), shape.blocks()));
  }

  private LlamaEngine engine() {
    return engine(SHAPES.get(0));
  }

  private static GenerationRequest request(String prompt, SamplingParams sampling) {
    return new GenerationRequest(
        new RowKey(prompt.hashCode(), prompt.length()),
        Prompt.ofData(prompt),
        sampling,
        OverlongPolicy.ERROR);
  }

  private static SamplingParams sampling(double temperature, int maxTokens, String... stops) {
    return new SamplingParams(temperature, 0, 1, 0, 7, maxTokens, List.of(stops), List.of());
  }

  private static List<GenerationRequest> requests(int count) {
    Random random = new Random(42);
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder prompt = new StringBuilder();
      for (int length = random.nextInt(70); length > 0; length--) {
        prompt.append((char) ('a' + random.nextInt(26)));
      }
      double temperature = i % 2 == 0 ? 0 : 0.8;
      String[] stops = i % 3 == 0 ? new String[] {"q", "zz"} : new String[0];
      requests.add(
          request(prompt.toString(), sampling(temperature, 1 + random.nextInt(40), stops)));
    }
    return requests;
  }

  /** Generates without engine, cache or batch. */
  private GenerationResult directly(GenerationRequest request) {
    SamplingParams sampling = request.sampling();
    SamplingKey key = SamplingKey.of(sampling.seed(), request.rowKey(), 0);
    int[] prompt = text.encodeWithBos(request.prompt());
    int[] all = Arrays.copyOf(prompt, CONTEXT + 1);
    int length = prompt.length;
    StringBuilder answer = new StringBuilder();
    double logProbability = 0;
    FinishReason reason = FinishReason.LENGTH;
    while (length < CONTEXT && length - prompt.length < sampling.maxTokens()) {
      double[] logits = FakeModel.logits(FakeModel.state(all, length));
      float temperature = (float) sampling.temperature();
      int id = FakeModel.sample(logits, temperature, key.first(), key.second(), length - 1);
      logProbability += (float) (logits[id] - FakeModel.logSumExp(logits));
      all[length++] = id;
      if (id == FakeModel.EOS) {
        reason = FinishReason.STOP;
        break;
      }
      answer.append(FakeText.piece(id));
      int cut =
          sampling.stopStrings().stream()
              .mapToInt(answer::indexOf)
              .filter(at -> at >= 0)
              .min()
              .orElse(-1);
      if (cut >= 0) {
        answer.setLength(cut);
        reason = FinishReason.STOP;
        break;
      }
    }
    return new GenerationResult(
        answer.toString(),
        Arrays.copyOfRange(all, prompt.length, length),
        reason,
        prompt.length,
        logProbability,
        java.util.Optional.empty());
  }

  /** Sums the log-likelihood of ids after others without engine, cache or batch. */
  private static double directly(int[] context, int[] continuation) {
    int[] all = Arrays.copyOf(context, context.length + continuation.length);
    System.arraycopy(continuation, 0, all, context.length, continuation.length);
    double sum = 0;
    for (int i = context.length; i < all.length; i++) {
      double[] logits = FakeModel.logits(FakeModel.state(all, i));
      sum += (float) (logits[all[i]] - FakeModel.logSumExp(logits));
    }
    return sum;
  }

  private static int[] append(int[] ids, int id) {
    int[] longer = Arrays.copyOf(ids, ids.length + 1);
    longer[ids.length] = id;
    return longer;
  }

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
    int[] promptIds = text.encodeWithBos(Prompt.ofData(prompt));
    double sum = 0;
    double[] weights = new double[LABELS.size()];
    for (int i = 0; i < LABELS.size(); i++) {
      int[] joint = text.encodeWithBos(Prompt.ofData(prompt + LABELS.get(i)));
      boolean joins = !Arrays.equals(promptIds, Arrays.copyOf(joint, promptIds.length));
      int[] alone = text.encodeWithBos(Prompt.ofData(LABELS.get(i)));
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
        int[] prompt = text.encodeWithBos(Prompt.ofData("my card is gone:"));
        int[] label = text.encodeWithBos(Prompt.ofData(labels.get(76)));
        label = append(Arrays.copyOfRange(label, 1, label.length), FakeModel.EOS);
        assertThat(result.logLikelihoods()[76]).isEqualTo(directly(prompt, label), within(1e-9));
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
          int[] all = text.encodeWithBos(Prompt.ofData(whole));
          int border = Math.min(all.length, text.encodeWithBos(Prompt.ofData(context)).length);
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
      assertThat(text.encodeWithBos(Prompt.ofData("de"))).isEqualTo(context);
      assertThat(engine.scoreTokens(context, greedy).join().greedy()).isTrue();
      greedy[greedy.length - 1] ^= 1;
      assertThat(engine.scoreTokens(context, greedy).join().greedy()).isFalse();
      assertThat(engine.scoreTokens(context, new int[0]).join().tokens()).isEmpty();
    }
  }

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
              .mapToInt(name -> text.encodeWithBos(Prompt.ofData(name)).length)
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
      assertThat(text.encodeWithBos(Prompt.ofData(poison))).isEqualTo(poisoned);
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
                  .orElseThrow()
                  .errorClass())
          .isEqualTo(RowError.KV_CACHE_TOO_SMALL);
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

  @Test
  void classifiesTheSameWithoutRoomForAFork() {
    // 4 blocks of the prompt, and a fork would need 2 of its own beside them.
    ClassifyRequest request = classification("z".repeat(12), List.of("bbbb", "cccc", "d", "bb"));
    try (LlamaEngine roomy = engine();
        LlamaEngine small = engine(new Shape(3, 64, 16, 1, 5))) {
      assertThat(small.classify(request).join())
          .usingRecursiveComparison()
          .isEqualTo(roomy.classify(request).join());
      assertThat(small.statistics().computedTokens())
          .isGreaterThan(roomy.statistics().computedTokens() + 3 * 12);
    }
  }

  @Test
  void prefersTheFirstOfEqualLabels() {
    EngineOptions options = EngineOptions.defaults();
    try (EngineLoop loop =
        new EngineLoop(new FakeModelRunner(options, CONTEXT, 1, 100), options.prefillChunk())) {
      int[][] labels = {{5, 1}, {6, 1}, {5, 1}, {6, 1}}; // one pair or the other is best
      ClassifyWork work = new ClassifyWork(new int[] {0, 9}, labels, Normalization.NONE);
      loop.submit(work);
      ClassifyResult result = work.future().join();
      double[] p = result.probabilities();
      assertThat(p[0]).isEqualTo(p[2]);
      assertThat(p[1]).isEqualTo(p[3]);
      assertThat(result.best()).isLessThan(2);
    }
  }

  private static ClassifyRequest classification(String prompt, List<String> labels) {
    return new ClassifyRequest(
        Prompt.ofData(prompt), labels, OverlongPolicy.ERROR, Normalization.NONE);
  }

  @Test
  void freesWhatCancelledRequestsHold() {
    Random random = new Random(5);
    for (Shape shape : SHAPES) {
      try (LlamaEngine engine = engine(shape)) {
        List<GenerationRequest> requests = requests(40);
        List<CompletableFuture<GenerationResult>> futures = new ArrayList<>();
        List<CompletableFuture<ClassifyResult>> labels = new ArrayList<>();
        for (GenerationRequest request : requests) {
          futures.add(engine.generate(request));
          labels.add(
              engine.classify(
                  new ClassifyRequest(
                      Prompt.ofData("is it"), LABELS, OverlongPolicy.ERROR, Normalization.NONE)));
          futures.get(random.nextInt(futures.size())).cancel(true);
          labels.get(random.nextInt(labels.size())).cancel(false);
        }
        for (int i = 0; i < futures.size(); i++) {
          if (!futures.get(i).isCancelled()) {
            assertThat(futures.get(i).join())
                .usingRecursiveComparison()
                .isEqualTo(directly(requests.get(i)));
          }
        }
        labels.stream().filter(label -> !label.isCancelled()).forEach(CompletableFuture::join);
        // One more, behind all cancellations: then nothing else may hold a block.
        engine.generate(request("a", sampling(0, 3))).join();
        assertThat(engine.generate(request("b", sampling(0, 1))).join().error()).isEmpty();
        awaitIdle(engine);
      }
    }
  }

  private static void awaitIdle(LlamaEngine engine) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (engine.statistics().running() + engine.statistics().waiting() > 0) {
      assertThat(System.nanoTime()).as("time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  @Test
  void failsWhatIsPendingWhenTheRunnerFails() {
    EngineOptions options = EngineOptions.defaults();
    FakeModelRunner runner = new FakeModelRunner(options, CONTEXT, 1, 100).failingAt(3);
    try (LlamaEngine engine = LlamaEngine.on(text, CONTEXT, options, runner)) {
      assertThat(engine.hasEnded()).isFalse();
      List<CompletableFuture<GenerationResult>> futures =
          requests(20).stream().map(engine::generate).toList();
      int failed = 0;
      for (CompletableFuture<GenerationResult> future : futures) {
        try {
          assertThat(future.join().tokens()).hasSizeLessThanOrEqualTo(3);
        } catch (CompletionException e) {
          assertThat(e.getCause())
              .isInstanceOf(EngineFailedException.class)
              .hasMessageContaining("The device is gone");
          failed++;
        }
      }
      assertThat(failed).isPositive();
      assertThat(engine.hasEnded()).isTrue();
      assertThatThrownBy(() -> engine.generate(request("a", sampling(0, 1))).join())
          .hasCauseInstanceOf(EngineFailedException.class);
    }
    assertThat(runner.isClosed()).isTrue();
  }

  @Test
  void failsWhatIsPendingWhenItIsClosed() {
    EngineOptions options = EngineOptions.defaults().withBatchLimits(1, 1, 1);
    FakeModelRunner runner = new FakeModelRunner(options, CONTEXT, 1, 100);
    LlamaEngine engine = LlamaEngine.on(text, CONTEXT, options, runner);
    List<CompletableFuture<GenerationResult>> futures =
        requests(300).stream().map(engine::generate).toList();
    engine.close();
    engine.close();
    assertThat(runner.isClosed()).isTrue();
    assertThat(futures).allMatch(CompletableFuture::isDone);
    assertThatThrownBy(() -> futures.get(299).join())
        .hasCauseInstanceOf(EngineFailedException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> engine.generate(request("a", sampling(0, 1))).join())
        .hasCauseInstanceOf(EngineFailedException.class);
  }

  @Test
  void fillsItsBatches() {
    EngineOptions options = EngineOptions.defaults().withBatchLimits(16, 512, 512);
    FakeModelRunner runner = new FakeModelRunner(options, CONTEXT, 1, 1000);
    try (LlamaEngine engine = LlamaEngine.on(text, CONTEXT, options, runner)) {
      List<CompletableFuture<GenerationResult>> futures =
          requests(200).stream().map(engine::generate).toList();
      futures.forEach(CompletableFuture::join);
      EngineStatistics statistics = engine.statistics();
      assertThat(statistics.preemptions()).isZero();
      assertThat((double) statistics.sampledTokens() / statistics.steps()).isGreaterThan(8);
      assertThat(statistics.computedTokens())
          .isEqualTo(statistics.promptTokens() + statistics.sampledTokens() - 200);
    }
    assertThat(runner.mostSequences()).isEqualTo(16);
  }
}
