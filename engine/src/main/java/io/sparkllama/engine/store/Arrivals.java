package io.sparkllama.engine.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Tells who hashes a copy in order when each of its ranges is there, or that none will come. */
final class Arrivals {
  private final List<CompletableFuture<Void>> ranges;

  Arrivals(int count) {
    ranges = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      ranges.add(new CompletableFuture<>());
    }
  }

  void arrived(ModelRange range) {
    ranges.get(range.index()).complete(null);
  }

  /** Ends the wait for all that have not arrived. */
  void fail(Throwable failure) {
    ranges.forEach(range -> range.completeExceptionally(failure));
  }

  /** Returns the indices of those that have arrived. */
  BitSet held() {
    BitSet held = new BitSet(ranges.size());
    for (int i = 0; i < ranges.size(); i++) {
      held.set(i, ranges.get(i).isDone());
    }
    return held;
  }

  /** Waits for a range. */
  void await(ModelRange range) throws IOException, InterruptedException {
    try {
      ranges.get(range.index()).get();
    } catch (ExecutionException e) {
      Throwable failure = e.getCause();
      if (failure instanceof IOException passing) {
        throw passing;
      }
      if (failure instanceof InterruptedException interrupted) {
        throw interrupted;
      }
      if (failure instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw (Error) failure;
    }
  }
}
