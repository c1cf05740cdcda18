package io.sparkllama.job.broadcast;

import java.util.BitSet;
import java.util.Optional;

/**
 * Is what an executor tells the driver about a model that it is fetching: which chunks it holds. It
 * travels as Java's own types alone, since the thread that reads it need not know our jar.
 *
 * @param model the key of its manifest
 * @param executor as Spark names it
 * @param held by index; empty where it fetches no more
 */
public record ChunkRequest(String model, String executor, Optional<BitSet> held) {

  /** Returns what is sent. */
  Object message() {
    return held.isPresent()
        ? new Object[] {model, executor, held.get().toLongArray()}
        : new Object[] {model, executor};
  }

  /** Reads what {@link #message} returned; empty for a message of another kind. */
  public static Optional<ChunkRequest> of(Object message) {
    if (message instanceof Object[] parts
        && parts.length >= 2
        && parts[0] instanceof String model
        && parts[1] instanceof String executor) {
      return Optional.of(
          new ChunkRequest(
              model,
              executor,
              parts.length > 2 && parts[2] instanceof long[] words
                  ? Optional.of(BitSet.valueOf(words))
                  : Optional.empty()));
    }
    return Optional.empty();
  }
}
