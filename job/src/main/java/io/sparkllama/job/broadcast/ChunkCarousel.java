package io.sparkllama.job.broadcast;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
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

  // All below are guarded by this. The counts spare a look at every fetcher when one asks.
  private final Map<String, Fetcher> fetchers = new LinkedHashMap<>();
  private final int[] holders; // of each chunk
  private final Map<Integer, Live<H>> alive = new LinkedHashMap<>(); // in the order of their making
  private int last = -1; // the chunk that was made last
  private boolean cleared;
  private long firstSeen; // when the first of these fetchers came

  private static final class Fetcher {
    private BitSet held = new BitSet();
    private int fetching = NOTHING; // the chunk that it was dealt last; NOTHING where it waits
    private long seen;
  }

  /** Is a chunk that is alive. */
  private static final class Live<H> {
    private final H handle;
    private int fetching; // fetchers that were dealt it and have not asked since

    /** Names those that got it, who pass it on for as long as it lives, here or gone. */
    private final Set<String> givers = new HashSet<>();

    Live(H handle) {
      this.handle = handle;
    }

    int copies() {
      return fetching + givers.size();
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
    this.holders = new int[chunks];
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
    takeDown(name, fetcher, held.get(0, chunks));
    fetcher.seen = clock.getAsLong();
    Optional<Map.Entry<Integer, Live<H>>> rarest =
        alive.entrySet().stream()
            .filter(chunk -> !fetcher.held.get(chunk.getKey()) && letsIn(chunk.getValue()))
            .min(Comparator.comparingInt(chunk -> chunk.getValue().copies()));
    rarest.ifPresent(
        chunk -> {
          fetcher.fetching = chunk.getKey();
          chunk.getValue().fetching++;
        });
    return rarest.map(chunk -> new Dealt<>(chunk.getKey(), chunk.getValue().handle));
  }

  /** Whoever has a chunk on disk alone, from an earlier run, does not pass it on. */
  private boolean letsIn(Live<H> chunk) {
    return chunk.fetching < share * (1 + chunk.givers.size());
  }

  private void takeDown(String name, Fetcher fetcher, BitSet held) {
    Live<H> dealt = endFetching(fetcher);
    int chunk = fetcher.fetching;
    if (dealt != null && held.get(chunk)) {
      dealt.givers.add(name);
    }
    fetcher.fetching = NOTHING;
    fetcher.held.xor(held); // what has changed
    fetcher.held.stream().forEach(index -> holders[index] += held.get(index) ? 1 : -1);
    fetcher.held = held;
  }

  /** Returns the chunk that it fetches; null where it waits. */
  private Live<H> endFetching(Fetcher fetcher) {
    Live<H> chunk = alive.get(fetcher.fetching);
    if (chunk != null) {
      chunk.fetching--;
    }
    return chunk;
  }

  /** Takes down what a fetcher holds that fetches no more, and passes on what it got. */
  synchronized void leave(String name, BitSet held) {
    Fetcher fetcher = fetchers.remove(name);
    if (fetcher != null) {
      takeDown(name, fetcher, held.get(0, chunks));
      forget(fetcher);
    }
  }

  /** Forgets a fetcher that is no more, and can pass nothing on. */
  synchronized void lose(String name) {
    Fetcher fetcher = fetchers.remove(name);
    if (fetcher != null) {
      forget(fetcher);
    }
    alive.values().forEach(chunk -> chunk.givers.remove(name));
  }

  private void forget(Fetcher fetcher) {
    endFetching(fetcher);
    fetcher.held.stream().forEach(chunk -> holders[chunk]--);
  }

  /** Takes out the chunks that nobody lacks; the caller ends them. */
  synchronized List<H> retire() {
    long now = clock.getAsLong();
    fetchers
        .values()
        .removeIf(
            fetcher -> {
              boolean silent = now - fetcher.seen > patience.toNanos();
              if (silent) {
                forget(fetcher);
              }
              return silent;
            });
    List<H> retired = new ArrayList<>();
    alive
        .entrySet()
        .removeIf(
            chunk -> {
              boolean done = !isLacked(chunk.getKey());
              if (done) {
                retired.add(chunk.getValue().handle);
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
    return holders[chunk] < fetchers.size();
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
    alive.put(chunk, new Live<>(handle));
    last = chunk;
    return true;
  }

  /** Takes out all chunks, for good; the caller ends them. */
  synchronized List<H> clear() {
    cleared = true;
    List<H> all = alive.values().stream().map(chunk -> chunk.handle).toList();
    alive.clear();
    fetchers.clear();
    Arrays.fill(holders, 0);
    return all;
  }
}
