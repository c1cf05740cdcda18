package io.sparkllama.job.pipeline;

import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Holds a request in flight. The engine's own future is kept, not one derived from it, so that
 * cancelling reaches the engine.
 */
record PendingAnswer<R>(CompletableFuture<R> result, Function<R, Answer> reading) {

  /** Makes an answer that needs no engine. */
  static PendingAnswer<Answer> of(Answer answer) {
    return new PendingAnswer<>(CompletableFuture.completedFuture(answer), Function.identity());
  }

  /** Returns the answer of a result that is there: the future must be done. */
  Answer answer() {
    return reading.apply(result.join());
  }
}
