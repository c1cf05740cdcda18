package io.sparkllama.job.broadcast;

import java.util.BitSet;
import java.util.Optional;

/**
 * Is what an executor tells the driver about a model that it is fetching: which chunks it holds. It
 * travels as Java's own types alone, since the thread that reads it need not know our jar.
 *
 * @param model the key of its manifest
 * @param executor as Spark names it
 * @param held by index
 */
public record ChunkRequest(String model, String executor, BitSet held, Purpose purpose) {

  /** Names what the executor wants. */
  public enum Purpose {
    /** Another chunk. */
    ASK,
    /** Nothing: it fetches no more. */
    LEAVE
  }

  /** Returns what is sent. */
  Object message() {
    return new Object[] {model, executor, held.toLongArray(), purpose.name()};
  }

  /** Reads what {@link #message} returned; empty for a message of another kind. */
  public static Optional<ChunkRequest> of(Object message) {
    return message instanceof Object[] parts
            && parts.length == 4
            && parts[0] instanceof String model
            && parts[1] instanceof String executor
            && parts[2] instanceof long[] words
            && parts[3] instanceof String purpose
        ? Optional.of(
            new ChunkRequest(model, executor, BitSet.valueOf(words), Purpose.valueOf(purpose)))
        : Optional.empty();
  }
}
