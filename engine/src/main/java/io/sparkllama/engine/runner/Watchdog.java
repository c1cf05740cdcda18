package io.sparkllama.engine.runner;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends what takes too long: looks now and then, on a thread of its own, whether a deadline has
 * passed. Setting one costs a store, so that each step can have its own.
 */
final class Watchdog implements AutoCloseable {
  private static final long NONE = Long.MAX_VALUE;

  private final long tick; // nanoseconds between two looks
  private final Thread thread;
  private volatile long deadline = NONE; // of System.nanoTime
  private volatile Runnable bite = () -> {};
  private volatile boolean bitten;
  private volatile boolean closed;

  /**
   * Begins to watch over nothing.
   *
   * @param patience the shortest time that is going to be granted
   */
  Watchdog(Duration patience) {
    this.tick = Math.min(Duration.ofSeconds(1).toNanos(), Math.max(1, patience.toNanos() / 4));
    this.thread = new Thread(this::look, "sparkllama-watchdog");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Grants the time until {@link #calm} is called.
   *
   * @param newBite called once when it has passed, on the watchdog's thread
   */
  void watch(long nanoseconds, Runnable newBite) {
    bitten = false;
    bite = newBite;
    deadline = System.nanoTime() + nanoseconds;
  }

  void calm() {
    deadline = NONE;
  }

  /** Returns whether the time granted last had passed. */
  boolean hasBitten() {
    return bitten;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }

  private void look() {
    while (!closed) {
      long granted = deadline;
      if (granted != NONE && System.nanoTime() - granted > 0) {
        bitten = true;
        deadline = NONE;
        bite.run();
      }
      LockSupport.parkNanos(this, tick);
    }
  }
}
