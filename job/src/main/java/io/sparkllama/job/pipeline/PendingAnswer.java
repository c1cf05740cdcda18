package io.sparkllama.job.pipeline;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Holds a request in flight. The engine's own future is kept, not one derived from it, so that
 * cancelling reaches the engine.
 */
record PendingAnswer<R>(CompletableFuture<R> result, Function<R, List<Answer>> reading) {

  /** Makes answers that need no engine. */
  static PendingAnswer<List<Answer>> of(List<Answer> answers) {
    return new PendingAnswer<>(CompletableFuture.completedFuture(answers), Function.identity());
  }

  /** Returns the answers of a result that is there, one for each completion. */
  List<Answer> answers() {
    return reading.apply(result.join());
  }
}
