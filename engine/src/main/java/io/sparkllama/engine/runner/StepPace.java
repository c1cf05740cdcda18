package io.sparkllama.engine.runner;

import java.util.Arrays;

/** Knows how long steps take. One thread at a time. */
final class StepPace {
  private static final int KEPT = 64;
  private static final int SIZES = Integer.SIZE;

  private final long[] nanoseconds = new long[KEPT]; // a ring, of the last steps
  private final long[] slowest = new long[SIZES]; // of steps of 2^i tokens and more; 0: none yet
  private long steps;
  private long median;

  /**
   * Takes the time of a step. The median follows every quarter of the ring: it costs a sort.
   *
   * @param tokens in the step, at least 1
   */
  void add(int tokens, long stepNanoseconds) {
    int size = sizeOf(tokens);
    slowest[size] = Math.max(slowest[size], stepNanoseconds);
    nanoseconds[(int) (steps++ % KEPT)] = stepNanoseconds;
    if (steps % (KEPT / 4) == 0) {
      long[] sorted = Arrays.copyOf(nanoseconds, (int) Math.min(steps, KEPT));
      Arrays.sort(sorted);
      median = sorted[sorted.length / 2];
    }
  }

  private static int sizeOf(int tokens) {
    return SIZES - 1 - Integer.numberOfLeadingZeros(tokens);
  }

  /** Returns the median in nanoseconds; 0 while there were only a few. */
  long median() {
    return median;
  }

  /**
   * Returns the nanoseconds that a step may be expected to take at most, by the slowest steps so
   * far; 0 before any.
   *
   * <p>A step takes no longer than as many smaller ones as hold its tokens, and no longer than a
   * larger one. So each size that was seen gives a bound, of which the least is taken: a prompt's
   * token costs a fraction of what one costs that is alone in its step and for which all weights
   * are read.
   */
  long most(int tokens) {
    double most = Double.POSITIVE_INFINITY;
    for (int size = 0; size < SIZES; size++) {
      if (slowest[size] > 0) {
        double times = Math.max(1, Math.ceil(tokens / Math.scalb(1.0, size)));
        most = Math.min(most, slowest[size] * times);
      }
    }
    return most == Double.POSITIVE_INFINITY ? 0 : (long) most;
  }
}
