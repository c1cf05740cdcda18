package io.sparkllama.job.pipeline;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntSupplier;

/**
 * Holds a row in flight. Its future is the engine's own, or one that hands a cancelling on, and not
 * one derived from these, so that cancelling reaches the engine.
 *
 * @param open counts what of the row's requests is not answered yet, as far as it may be in flight
 */
record PendingAnswer<R>(
    CompletableFuture<R> result, Function<R, List<Answer>> reading, IntSupplier open) {

  /** Holds one request. */
  PendingAnswer(CompletableFuture<R> result, Function<R, List<Answer>> reading) {
    this(result, reading, () -> 1);
  }

  /** Makes answers that need no engine. */
  static PendingAnswer<List<Answer>> of(List<Answer> answers) {
    return new PendingAnswer<>(CompletableFuture.completedFuture(answers), Function.identity());
  }

  /** Returns the requests that the row counts as: one at least, until its answers are taken. */
  int requests() {
    return Math.max(1, open.getAsInt());
  }

  /** Returns the answers of a result that is there, one for each completion. */
  List<Answer> answers() {
    return reading.apply(result.join());
  }
}
