package io.sparkllama.job.limit;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Keeps on the driver what a run may still use. Tasks report what they have used, from the threads
 * of Spark's messages, and hear what is left.
 *
 * <p>What an attempt of a task has used counts, also where the attempt fails later: it was
 * computed.
 */
public final class RunBudget {
  private final long mostTokens;
  private final long mostNanoseconds;
  private final LongSupplier clock;
  private final long start;
  private final Map<Long, Long> usedByTask = new HashMap<>(); // guarded by this, as are the others
  private long used;
  private Limit ended; // what a task heard of first; null where none did

  /** Begins now. */
  public RunBudget(RunLimits limits) {
    this(limits, System::nanoTime);
  }

  /**
   * @param clock nanoseconds since any moment
   */
  RunBudget(RunLimits limits, LongSupplier clock) {
    this.mostTokens = limits.tokens().orElse(Long.MAX_VALUE);
    this.mostNanoseconds = limits.time().map(Duration::toNanos).orElse(Long.MAX_VALUE);
    this.clock = clock;
    this.start = clock.getAsLong();
  }

  /**
   * Takes what an attempt of a task has used since its beginning, and returns the tokens that are
   * left for all: 0 where no further row may begin.
   *
   * @param task unique among all attempts of all tasks
   * @param tokens may be below 0 for a while, where the task was told of cached tokens of another
   */
  public synchronized long report(long task, long tokens) {
    used += tokens - usedByTask.getOrDefault(task, 0L);
    usedByTask.put(task, tokens);
    if (clock.getAsLong() - start >= mostNanoseconds) {
      return ended(Limit.HOURS);
    }
    if (mostTokens == Long.MAX_VALUE) {
      return Long.MAX_VALUE;
    }
    return used < mostTokens ? mostTokens - used : ended(Limit.TOKENS);
  }

  private long ended(Limit by) {
    ended = ended == null ? by : ended; // rows in flight may take until another limit is reached
    return 0;
  }

  /** Returns what ended a run that is known to have ended early. */
  public synchronized Limit endedBy() {
    return ended == null ? Limit.TOKENS : ended; // a task counts its own tokens before it reports
  }
}
