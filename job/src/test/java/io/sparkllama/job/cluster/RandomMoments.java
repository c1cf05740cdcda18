package io.sparkllama.job.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Draws what a test leaves to chance, from a seed that it prints and takes again. */
final class RandomMoments {
  private static final String SEED = "sparkllama.chaos-seed";

  private final Random random;

  private RandomMoments(long seed) {
    this.random = new Random(seed);
  }

  /** Takes the seed that the system property names, else one of its own. */
  static RandomMoments of(Class<?> test) {
    long seed = Long.getLong(SEED, System.nanoTime());
    System.out.printf("%s: to repeat, -D%s=%d%n", test.getSimpleName(), SEED, seed);
    return new RandomMoments(seed);
  }

  /** Sleeps for up to so long. */
  void sleepAtMost(Duration longest) throws InterruptedException {
    Thread.sleep(random.nextLong(longest.toMillis() + 1));
  }

  /** Returns 0 or a number below the bound. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  <T> T oneOf(List<T> candidates) {
    return candidates.get(random.nextInt(candidates.size()));
  }

  <T> List<T> shuffled(List<T> all) {
    List<T> order = new ArrayList<>(all);
    Collections.shuffle(order, random);
    return order;
  }

  /** Returns so many numbers of 0 to the bound, rising. */
  List<Long> rising(int count, long bound) {
    return random.longs(count, 0, bound).sorted().boxed().toList();
  }
}
