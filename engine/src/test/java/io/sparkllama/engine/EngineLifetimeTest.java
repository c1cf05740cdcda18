package io.sparkllama.engine;

import static io.sparkllama.engine.FakeEngine.CONTEXT;
import static io.sparkllama.engine.FakeEngine.LABELS;
import static io.sparkllama.engine.FakeEngine.SHAPES;
import static io.sparkllama.engine.FakeEngine.TEXT;
import static io.sparkllama.engine.FakeEngine.directly;
import static io.sparkllama.engine.FakeEngine.engine;
import static io.sparkllama.engine.FakeEngine.request;
import static io.sparkllama.engine.FakeEngine.requests;
import static io.sparkllama.engine.FakeEngine.sampling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.FakeEngine.Shape;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holds what becomes of requests when others cancel, the runner fails or the engine closes. */
@Timeout(60)
class EngineLifetimeTest {
  @Test
  void takesRequestsOfManyThreads() throws InterruptedException {
    List<GenerationRequest> requests = requests(80);
    List<Throwable> problems = Collections.synchronizedList(new ArrayList<>());
    try (LlamaEngine engine = engine(new Shape(8, 40, 9, 2, 40))) {
      List<Thread> threads = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        int first = thread;
        threads.add(
            new Thread(
                () -> {
                  for (int i = first; i < requests.size(); i += 4) {
                    engine.generate(requests.get(i)).cancel(true);
                    assertThat(engine.generate(requests.get(i)).join())
                        .usingRecursiveComparison()
                        .isEqualTo(directly(requests.get(i)));
                  }
                }));
      }
      threads.forEach(
          thread -> thread.setUncaughtExceptionHandler((t, problem) -> problems.add(problem)));
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      awaitIdle(engine);
    }
    assertThat(problems).isEmpty();
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
    try (LlamaEngine engine = LlamaEngine.on(TEXT, CONTEXT, options, runner)) {
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
    LlamaEngine engine = LlamaEngine.on(TEXT, CONTEXT, options, runner);
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
    try (LlamaEngine engine = LlamaEngine.on(TEXT, CONTEXT, options, runner)) {
      List<CompletableFuture<GenerationResult>> futures =
          requests(200).stream().map(engine::generate).toList();
      futures.forEach(CompletableFuture::join);
      EngineStatistics statistics = engine.statistics();
      assertThat(statistics.preemptions()).isZero();
      assertThat((double) statistics.sampledTokens() / statistics.steps()).isGreaterThan(8);
      assertThat(statistics.computedTokens() + statistics.cachedTokens())
          .isEqualTo(statistics.promptTokens() + statistics.sampledTokens() - 200);
    }
    assertThat(runner.mostSequences()).isEqualTo(16);
  }
}
