package io.sparkllama.job.broadcast;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;

/**
 * Decides which chunk of a model is sent next, and when a chunk is wanted by nobody any more.
 *
 * <p>All who fetch travel together: a chunk is dealt out to everyone who lacks it, while at most a
 * window of chunks is alive. Who comes later begins where the others are, and gets what it has
 * missed when they are through: chunks are sent in a circle. So each is sent once to all who are
 * there, and never once for each.
 *
 * <p>A chunk comes in blocks, which all who fetch it pass on to each other. Each is dealt the chunk
 * that the fewest have or fetch: else one that is a little ahead would send all of it to the
 * others, who have nothing to give. And those who begin a chunk at the same moment have nothing of
 * it to pass on yet, and each takes its first block from one who has the chunk. So a few begin, and
 * whoever has it lets as many others in.
 *
 * @param <H> what stands for a chunk that is alive
 */
final class ChunkCarousel<H> {
  private static final int NOTHING = -1;

  private final int chunks;
  private final int window;
  private final int share;
  private final Duration gather;
  private final Duration patience;
  private final LongSupplier clock; // nanoseconds

  // All below are guarded by this.
  private final Map<String, Fetcher> fetchers = new LinkedHashMap<>();
  private final Map<Integer, H> alive = new LinkedHashMap<>(); // in the order of their making
  private int last = -1; // the chunk that was made last
  private boolean cleared;
  private long firstSeen; // when the first of these fetchers came

  private static final class Fetcher {
    private BitSet held;
    private int fetching; // the chunk that it was dealt last; NOTHING where it waits
    private long seen;

    boolean holds(int chunk) {
      return held.get(chunk);
    }
  }

  /** Is a chunk with what stands for it. */
  record Dealt<H>(int chunk, H handle) {}

  /**
   * @param window chunks that are alive at once, at least one
   * @param share how many may fetch a chunk at once for each who has it, the driver among them
   * @param gather how long the first waits for others to travel with
   * @param patience how long one who does not ask again holds the others up
   */
  ChunkCarousel(
      int chunks, int window, int share, Duration gather, Duration patience, LongSupplier clock) {
    this.chunks = chunks;
    this.window = window;
    this.share = share;
    this.gather = gather;
    this.patience = patience;
    this.clock = clock;
  }

  /**
   * Takes down what a fetcher holds, and deals it the rarest chunk that it lacks, if one is alive
   * that not too many fetch already.
   */
  synchronized Optional<Dealt<H>> ask(String name, BitSet held) {
    if (fetchers.isEmpty()) {
      firstSeen = clock.getAsLong();
    }
    Fetcher fetcher = fetchers.computeIfAbsent(name, key -> new Fetcher());
    fetcher.held = held;
    fetcher.fetching = NOTHING;
    fetcher.seen = clock.getAsLong();
    Optional<Integer> rarest =
        alive.keySet().stream()
            .filter(chunk -> !held.get(chunk) && fetching(chunk) < share * (1 + holders(chunk)))
            .min(Comparator.comparingLong(chunk -> fetching(chunk) + holders(chunk)));
    fetcher.fetching = rarest.orElse(NOTHING);
    return rarest.map(chunk -> new Dealt<>(chunk, alive.get(chunk)));
  }

  private long fetching(int chunk) {
    return fetchers.values().stream().filter(fetcher -> fetcher.fetching == chunk).count();
  }

  private long holders(int chunk) {
    return fetchers.values().stream().filter(fetcher -> fetcher.holds(chunk)).count();
  }

  /** Forgets a fetcher that has all, or is no more. */
  synchronized void leave(String name) {
    fetchers.remove(name);
  }

  /** Takes out the chunks that nobody lacks; the caller ends them. */
  synchronized List<H> retire() {
    long now = clock.getAsLong();
    fetchers.values().removeIf(fetcher -> now - fetcher.seen > patience.toNanos());
    List<H> retired = new ArrayList<>();
    alive
        .entrySet()
        .removeIf(
            chunk -> {
              boolean done = !isLacked(chunk.getKey());
              if (done) {
                retired.add(chunk.getValue());
              }
              return done;
            });
    return retired;
  }

  /** Chooses the chunk to be made now; empty where there is nothing to do yet. */
  synchronized OptionalInt next() {
    boolean gathering =
        last < 0 && clock.getAsLong() - firstSeen < gather.toNanos(); // the very first chunk alone
    if (alive.size() >= window || gathering) {
      return OptionalInt.empty();
    }
    for (int i = 1; i <= chunks; i++) {
      int chunk = (last + i) % chunks;
      if (!alive.containsKey(chunk) && isLacked(chunk)) {
        return OptionalInt.of(chunk);
      }
    }
    return OptionalInt.empty();
  }

  private boolean isLacked(int chunk) {
    return fetchers.values().stream().anyMatch(fetcher -> !fetcher.holds(chunk));
  }

  /**
   * Brings a chunk to life.
   *
   * @return false where all were taken out meanwhile: the caller ends this one, too
   */
  synchronized boolean made(int chunk, H handle) {
    if (cleared) {
      return false;
    }
    alive.put(chunk, handle);
    last = chunk;
    return true;
  }

  /** Takes out all chunks, for good; the caller ends them. */
  synchronized List<H> clear() {
    cleared = true;
    List<H> all = List.copyOf(alive.values());
    alive.clear();
    fetchers.clear();
    return all;
  }
}
