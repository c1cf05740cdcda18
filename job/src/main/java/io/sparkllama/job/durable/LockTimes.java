package io.sparkllama.job.durable;

import java.time.Duration;

/**
 * Says how a lock is kept.
 *
 * @param renewal between two rises of the counter
 * @param patience with a counter that stands still, before its holder counts as dead
 * @param settling how long who has taken over waits before it looks whether another has, too
 */
public record LockTimes(Duration renewal, Duration patience, Duration settling) {
  /** Suits storages near and far. */
  public static final LockTimes USUAL =
      new LockTimes(Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(2));
}
