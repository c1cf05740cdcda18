package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchHeader;
import io.sparkllama.engine.runner.BatchSection;
import io.sparkllama.engine.runner.RestartPauses;
import io.sparkllama.engine.runner.RunnerLostException;
import io.sparkllama.engine.runner.RunnerLostException.Loss;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loses the runner in every manner, and looks what becomes of the requests. */
@Timeout(60)
class RecoveryTest {
  private static final FakeEngine.Shape SHAPE = FakeEngine.SHAPES.get(0);

  /** Whose token is in no other prompt and is never sampled. */
  private static final String FATAL = "!";

  static List<FakeEngine.Shape> shapes() {
    return FakeEngine.SHAPES;
  }

  private static void strikeAtFatal(BatchBuffer batch) {
    if (FakeFaults.has(batch, FakeModel.POISON)) {
      throw new RunnerLostException(Loss.ENDED, "planted");
    }
  }

  private static List<GenerationRequest> requests(int count, Set<Integer> fatal) {
    List<GenerationRequest> requests = new ArrayList<>(FakeEngine.requests(count));
    for (int i : fatal) {
      requests.set(i, FakeEngine.request("row" + FATAL + (i % 4 + 1), requests.get(i).sampling()));
    }
    return requests;
  }

  private static List<GenerationResult> run(LlamaEngine engine, List<GenerationRequest> requests) {
    List<CompletableFuture<GenerationResult>> futures =
        requests.stream().map(engine::generate).toList();
    return futures.stream().map(CompletableFuture::join).toList();
  }

  private static void expectAnswers(
      List<GenerationRequest> requests, List<GenerationResult> results, Set<Integer> fatal) {
    for (int i = 0; i < requests.size(); i++) {
      if (fatal.contains(i)) {
        assertThat(results.get(i).error().orElseThrow().errorClass()).isEqualTo(RowError.SET_ASIDE);
        assertThat(results.get(i).error().orElseThrow().message()).contains("planted");
      } else {
        assertThat(results.get(i))
            .usingRecursiveComparison()
            .isEqualTo(FakeEngine.directly(requests.get(i)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void thoseThatEndTheRunnerAreSetAsideAndNoOther(FakeEngine.Shape shape) {
    Set<Integer> fatal = Set.of(0, 17, 18, 99);
    List<GenerationRequest> requests = requests(100, fatal);
    try (LlamaEngine engine = FakeEngine.engine(shape, RecoveryTest::strikeAtFatal)) {
      List<GenerationResult> results = run(engine, requests);

      expectAnswers(requests, results, fatal);
      Losses losses = engine.statistics().losses();
      assertThat(losses.rowsSetAside()).isEqualTo(fatal.size());
      // To halve 64 down to 1 takes 6 losses, beside the first and the second one alone.
      assertThat(losses.restarts()).isLessThanOrEqualTo(fatal.size() * (6 + 2));
    }
  }

  @Test
  void whoWaitsForARowThatIsSetAsideSeesItCounted() {
    CompletableFuture<Void> asked = new CompletableFuture<>(); // before it may be found
    FakeFaults held =
        batch -> {
          if (FakeFaults.has(batch, FakeModel.POISON)) {
            asked.join();
          }
          strikeAtFatal(batch);
        };
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, held)) {
      CompletableFuture<SetAsideShare> counted =
          engine
              .generate(requests(1, Set.of(0)).get(0))
              .thenApply(row -> engine.statistics().setAside());
      asked.complete(null);
      assertThat(counted.join()).isEqualTo(new SetAsideShare(1, 1)); // finished with it, as well
    }
  }

  @Test
  void aStartThatFailsForAMomentIsTriedAgain() {
    CompletableFuture<GenerationResult> row;
    List<Duration> slept = new ArrayList<>();
    RestartPauses pauses = RestartPauses.of(Device.PROCESSOR, slept::add);
    try (LlamaEngine engine = failingToStart(2, pauses)) {
      row = engine.generate(FakeEngine.request(FATAL, FakeEngine.sampling(0, 4)));
      assertThat(row.join().error().orElseThrow().errorClass()).isEqualTo(RowError.SET_ASIDE);
      assertThat(engine.statistics().losses()).isEqualTo(new Losses(2 + 2, 1));
    }
    try (LlamaEngine engine = failingToStart(3, pauses)) {
      row = engine.generate(FakeEngine.request(FATAL, FakeEngine.sampling(0, 4)));
      assertThatThrownBy(row::join)
          .hasCauseInstanceOf(EngineFailedException.class)
          .hasMessageContaining("cannot be started again")
          .hasMessageContaining("error=11");
    }
    assertThat(slept).isEmpty();
  }

  /** Its memory, or the device itself, is back after seconds only. */
  @Test
  void aStartWithADeviceIsTriedAgainAfterPauses() {
    List<Duration> slept = new ArrayList<>();
    RestartPauses pauses = RestartPauses.of(Device.Cuda.numbered(0), slept::add);
    CompletableFuture<GenerationResult> row;
    try (LlamaEngine engine = failingToStart(3, pauses)) {
      row = engine.generate(FakeEngine.request(FATAL, FakeEngine.sampling(0, 4)));
      assertThat(row.join().error().orElseThrow().errorClass()).isEqualTo(RowError.SET_ASIDE);
      assertThat(engine.statistics().losses()).isEqualTo(new Losses(3 + 2, 1));
    }
    assertThat(slept).extracting(Duration::toSeconds).containsExactly(1L, 5L, 20L);
    slept.clear();
    try (LlamaEngine engine = failingToStart(4, pauses)) {
      row = engine.generate(FakeEngine.request(FATAL, FakeEngine.sampling(0, 4)));
      assertThatThrownBy(row::join)
          .hasCauseInstanceOf(EngineFailedException.class)
          .hasMessageContaining("cannot be started again");
    }
    assertThat(slept).extracting(Duration::toSeconds).containsExactly(1L, 5L, 20L);
  }

  private static LlamaEngine failingToStart(int times, RestartPauses pauses) {
    EngineOptions options = EngineOptions.defaults();
    FakeModelRunner runner =
        new FakeModelRunner(options, FakeEngine.CONTEXT, 1, 200)
            .losing(RecoveryTest::strikeAtFatal)
            .failingRestarts(times)
            .pausing(pauses);
    return LlamaEngine.on(FakeEngine.TEXT, FakeEngine.CONTEXT, options, runner);
  }

  @Test
  void whatTheRunnerNamesIsTriedFirst() {
    Set<Integer> fatal = Set.of(30);
    List<GenerationRequest> requests = requests(60, fatal);
    FakeFaults naming =
        batch -> {
          int row = FakeFaults.row(batch, FakeModel.POISON);
          if (row >= 0) {
            throw new RunnerLostException(Loss.HUNG, "planted", List.of(row));
          }
        };
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, naming)) {
      expectAnswers(requests, run(engine, requests), fatal);
      assertThat(engine.statistics().losses()).isEqualTo(new Losses(3, 1));
    }
  }

  @Test
  void aRunnerThatIsKilledAtRandomCostsNoAnswer() {
    Random random = new Random(7);
    FakeFaults killing =
        batch -> {
          if (random.nextInt(12) == 0) {
            throw new RunnerLostException(Loss.KILLED, "killed");
          }
        };
    List<GenerationRequest> requests = FakeEngine.requests(300);
    try (LlamaEngine engine =
        FakeEngine.engine(new FakeEngine.Shape(16, 64, 64, 1, 400), killing)) {
      expectAnswers(requests, run(engine, requests), Set.of());
      assertThat(engine.statistics().losses().restarts()).isGreaterThan(10);
      assertThat(engine.statistics().losses().rowsSetAside()).isZero();
    }
  }

  @Test
  void aFaultThatComesOnceBlamesNobody() {
    Set<Integer> struck = new HashSet<>();
    int[] steps = {0};
    FakeFaults once =
        batch -> {
          int step = steps[0]++;
          if (step % 40 == 20 && struck.add(step)) {
            throw new RunnerLostException(Loss.ENDED, "by chance");
          }
        };
    List<GenerationRequest> requests = FakeEngine.requests(200);
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, once)) {
      expectAnswers(requests, run(engine, requests), Set.of());
      assertThat(engine.statistics().losses().rowsSetAside()).isZero();
      assertThat(engine.statistics().losses().restarts()).isEqualTo(struck.size());
    }
  }

  @Test
  void classificationsAreReplayedWithTheirForks() {
    Set<Integer> struck = new HashSet<>();
    int[] steps = {0};
    FakeFaults often =
        batch -> {
          int step = steps[0]++;
          if (step % 7 == 5 && struck.add(step)) {
            throw new RunnerLostException(step % 2 == 0 ? Loss.ENDED : Loss.KILLED, "by chance");
          }
        };
    List<String> prompts =
        IntStream.range(0, 40)
            .mapToObj(i -> "the card " + (char) ('a' + i % 26) + "x".repeat(i))
            .toList();
    try (LlamaEngine engine = FakeEngine.engine(new FakeEngine.Shape(16, 64, 16, 2, 100), often);
        LlamaEngine calm = FakeEngine.engine()) {
      List<CompletableFuture<ClassifyResult>> futures =
          prompts.stream()
              .map(prompt -> engine.classify(FakeEngine.classification(prompt, FakeEngine.LABELS)))
              .toList();
      for (int i = 0; i < prompts.size(); i++) {
        assertThat(futures.get(i).join())
            .usingRecursiveComparison()
            .isEqualTo(
                calm.classify(FakeEngine.classification(prompts.get(i), FakeEngine.LABELS)).join());
      }
      assertThat(struck).hasSizeGreaterThan(3);
    }
  }

  @Test
  void noRowIsBlamedOnAMachineThatComputesOtherwise() {
    boolean[] sick = {false};
    FakeFaults sickening =
        batch -> {
          sick[0] |= FakeFaults.has(batch, FakeModel.POISON);
          strikeAtFatal(batch);
          if (sick[0]) {
            for (int i = 0; i < batch.get(BatchHeader.TOKENS); i++) {
              int id = batch.getInt(BatchSection.TOKEN_ID, i);
              batch.setInt(BatchSection.TOKEN_ID, i, (id + 7) % FakeModel.POISON);
            }
          }
        };
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, sickening)) {
      CompletableFuture<GenerationResult> row =
          engine.generate(FakeEngine.request(FATAL, FakeEngine.sampling(0, 4)));
      assertThatThrownBy(row::join)
          .hasCauseInstanceOf(EngineFailedException.class)
          .hasMessageContaining("does not compute what it did");
    }
  }

  /** So that a runner's first step, which may take long, is no suspect's. */
  @Test
  void afterAHangTheFixedPromptComesFirst() {
    boolean[] hung = {false};
    FakeFaults hanging =
        batch -> {
          if (FakeFaults.has(batch, FakeModel.POISON)) {
            assertThat(hung[0]).isFalse(); // else it is tried again before the machine is
            hung[0] = true;
            throw new RunnerLostException(Loss.HUNG, "planted");
          }
          if (hung[0]) {
            throw new RunnerLostException(Loss.HUNG, "so does the machine");
          }
        };
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, hanging)) {
      CompletableFuture<GenerationResult> row =
          engine.generate(FakeEngine.request(FATAL, FakeEngine.sampling(0, 4)));
      assertThatThrownBy(row::join)
          .hasCauseInstanceOf(EngineFailedException.class)
          .hasMessageContaining("cannot run a fixed prompt")
          .hasMessageContaining("raise engine.isolation-timeout")
          .hasMessageContaining("so does the machine");
    }
  }

  @Test
  void noRowIsBlamedWhereTheFixedPromptIsLostToo() {
    boolean[] sick = {false};
    FakeFaults sickening =
        batch -> {
          sick[0] |= FakeFaults.has(batch, FakeModel.POISON);
          if (sick[0]) {
            throw new RunnerLostException(Loss.ENDED, "planted");
          }
        };
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, sickening)) {
      CompletableFuture<GenerationResult> row =
          engine.generate(FakeEngine.request(FATAL, FakeEngine.sampling(0, 4)));
      assertThatThrownBy(row::join)
          .hasCauseInstanceOf(EngineFailedException.class)
          .hasMessageContaining("cannot run a fixed prompt");
    }
  }

  @Test
  void aRunnerThatIsKilledAgainAndAgainEndsTheEngine() {
    int[] steps = {0};
    FakeFaults killing =
        batch -> {
          if (steps[0]++ > 10) {
            throw new RunnerLostException(Loss.KILLED, "killed");
          }
        };
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, killing)) {
      CompletableFuture<GenerationResult> row =
          engine.generate(FakeEngine.request("abc", FakeEngine.sampling(0, 40)));
      assertThatThrownBy(row::join)
          .hasCauseInstanceOf(EngineFailedException.class)
          .hasMessageContaining("again and again");
      assertThat(steps[0]).isEqualTo(22); // 11 that ran, 11 that did not
    }
  }

  /** As in a replay of rows that were set aside before: none of them is finished between. */
  @Test
  void manyFatalRowsAloneAreEachSetAside() {
    Set<Integer> fatal = new HashSet<>(IntStream.range(0, 60).boxed().toList());
    List<GenerationRequest> requests = requests(60, fatal);
    try (LlamaEngine engine = FakeEngine.engine(SHAPE, RecoveryTest::strikeAtFatal)) {
      expectAnswers(requests, run(engine, requests), fatal);
    }
  }
}
