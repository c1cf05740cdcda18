package io.sparkllama.engine.runner;

import java.util.Arrays;

/** Knows how long steps take, of the last few. One thread at a time. */
final class StepPace {
  private static final int KEPT = 64;

  private final long[] nanoseconds = new long[KEPT]; // a ring
  private long steps;
  private long median;

  /** Takes the time of a step. The median follows every quarter of the ring: it costs a sort. */
  void add(long stepNanoseconds) {
    nanoseconds[(int) (steps++ % KEPT)] = stepNanoseconds;
    if (steps % (KEPT / 4) == 0) {
      long[] sorted = Arrays.copyOf(nanoseconds, (int) Math.min(steps, KEPT));
      Arrays.sort(sorted);
      median = sorted[sorted.length / 2];
    }
  }

  /** Returns the median in nanoseconds; 0 while there were only a few. */
  long median() {
    return median;
  }
}
