package io.sparkllama.job.pipeline;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Holds a row in flight. Its future is the engine's own, or one that hands a cancelling on, and not
 * one derived from these, so that cancelling reaches the engine.
 *
 * @param requests that the row has in flight at most, at least 1
 */
record PendingAnswer<R>(
    CompletableFuture<R> result, Function<R, List<Answer>> reading, int requests) {

  /** Holds one request. */
  PendingAnswer(CompletableFuture<R> result, Function<R, List<Answer>> reading) {
    this(result, reading, 1);
  }

  /** Makes answers that need no engine. */
  static PendingAnswer<List<Answer>> of(List<Answer> answers) {
    return new PendingAnswer<>(CompletableFuture.completedFuture(answers), Function.identity());
  }

  /** Returns the answers of a result that is there, one for each completion. */
  List<Answer> answers() {
    return reading.apply(result.join());
  }
}
