package io.sparkllama.job.pipeline;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.job.metrics.EngineLoad;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers with the prompt itself, out of order and on its own threads, and keeps what it saw. A
 * prompt with {@code too long} in it is a row's error, one with {@code fatal} a row that it cannot
 * run.
 */
final class FakeEngine implements EngineCalls {
  final List<GenerationRequest> requests = new ArrayList<>();
  final List<CompletableFuture<?>> futures = new ArrayList<>();
  final AtomicInteger inFlight = new AtomicInteger();
  final AtomicInteger mostInFlight = new AtomicInteger();
  private final AtomicInteger finished = new AtomicInteger();
  private final AtomicInteger setAside = new AtomicInteger();
  private final int contextLength;
  private final ScheduledThreadPoolExecutor threads = new ScheduledThreadPoolExecutor(2);

  FakeEngine() {
    this(1_000_000);
  }

  FakeEngine(int contextLength) {
    this.contextLength = contextLength;
    threads.setThreadFactory(
        task -> {
          Thread thread = new Thread(task, "fake-engine");
          thread.setDaemon(true);
          return thread;
        });
  }

  @Override
  public CompletableFuture<List<GenerationResult>> generate(
      GenerationRequest request, int completions) {
    synchronized (this) {
      requests.add(request);
    }
    String text = request.prompt().text();
    GenerationResult result =
        text.contains("too long")
            ? GenerationResult.failed(
                900, new RowError(RowError.PROMPT_TOO_LONG, "too many tokens"))
            : text.contains("fatal")
                ? GenerationResult.failed(3, new RowError(RowError.SET_ASIDE, "by signal 6"))
                : new GenerationResult(
                    "<" + text + ">",
                    request.reasoning().map(marks -> "between " + marks.begin() + marks.end()),
                    new int[] {1, 2, 3},
                    FinishReason.LENGTH,
                    text.length(),
                    -1.5,
                    Optional.empty());
    int milliseconds = Math.floorMod(text.hashCode(), 7);
    return later(
        Collections.nCopies(completions, result), milliseconds, text.contains("fatal") ? 1 : 0);
  }

  @Override
  public CompletableFuture<ClassifyResult> classify(ClassifyRequest request) {
    int best = Math.floorMod(request.prompt().text().length(), request.labels().size());
    double[] probabilities = new double[request.labels().size()];
    double[] likelihoods = new double[request.labels().size()];
    java.util.Arrays.fill(likelihoods, -9);
    probabilities[best] = 1;
    likelihoods[best] = -0.25;
    return later(new ClassifyResult(best, probabilities, likelihoods, 5, Optional.empty()), 1);
  }

  @Override
  public CompletableFuture<ScoreResult> score(ScoreRequest request) {
    int length = request.continuation().text().length();
    return later(
        new ScoreResult(
            -length, new int[length], new double[length], length > 3, 9, Optional.empty()),
        1);
  }

  private <R> CompletableFuture<R> later(R result, int milliseconds) {
    return later(result, milliseconds, 0);
  }

  private <R> CompletableFuture<R> later(R result, int milliseconds, int dead) {
    CompletableFuture<R> future = new CompletableFuture<>();
    synchronized (this) {
      futures.add(future);
    }
    mostInFlight.accumulateAndGet(inFlight.incrementAndGet(), Math::max);
    var unused =
        threads.schedule(
            () -> {
              inFlight.decrementAndGet();
              setAside.addAndGet(dead);
              finished.incrementAndGet();
              future.complete(result);
            },
            milliseconds,
            TimeUnit.MILLISECONDS);
    return future;
  }

  @Override
  public int[] tokens(Prompt prompt) {
    return prompt.text().chars().toArray();
  }

  /** A letter is a token, and a label has no end. */
  @Override
  public int positions(ClassifyRequest request) {
    return request.prompt().text().length()
        + request.labels().stream().mapToInt(String::length).max().orElseThrow();
  }

  @Override
  public int contextLength() {
    return contextLength;
  }

  @Override
  public long cachePositions() {
    return 1_000_000;
  }

  @Override
  public EngineLoad load() {
    return new EngineLoad(2, 6, 30, 120);
  }

  @Override
  public SetAsideShare setAside() {
    return new SetAsideShare(setAside.get(), finished.get());
  }

  @Override
  public long takeCachedTokens() {
    return 3;
  }
}
