package io.sparkllama.engine.runner;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Ends what takes too long: looks now and then, on a thread of its own, whether a deadline has
 * passed. Setting one costs no call of the system, so that each step can have its own.
 */
final class Watchdog implements AutoCloseable {
  /** Is a time that was granted, and what follows when it has passed. */
  private static final class Grant {
    private final long deadline; // of the clock
    private final Runnable bite;
    private volatile boolean bitten;

    private Grant(long deadline, Runnable bite) {
      this.deadline = deadline;
      this.bite = bite;
    }
  }

  private final LongSupplier clock;
  private final long tick; // nanoseconds between two looks
  private final Thread thread;
  private final AtomicReference<Grant> running = new AtomicReference<>(); // null watches nothing
  private volatile Grant last = new Grant(0, () -> {});
  private volatile boolean closed;

  /**
   * Begins to watch over nothing.
   *
   * @param patience the shortest time that is going to be granted
   */
  Watchdog(Duration patience) {
    this(patience, System::nanoTime);
  }

  /**
   * @param clock in nanoseconds from any moment on, as {@link System#nanoTime}
   */
  Watchdog(Duration patience, LongSupplier clock) {
    this.clock = clock;
    this.tick = Math.min(Duration.ofSeconds(1).toNanos(), Math.max(1, patience.toNanos() / 4));
    this.thread = new Thread(this::look, "sparkllama-watchdog");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Grants the time until {@link #calm} is called.
   *
   * @param bite called once when it has passed, on the watchdog's thread
   */
  void watch(long nanoseconds, Runnable bite) {
    last = new Grant(clock.getAsLong() + nanoseconds, bite);
    running.set(last);
  }

  void calm() {
    running.set(null);
  }

  /** Returns whether the time granted last had passed. */
  boolean hasBitten() {
    return last.bitten;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }

  private void look() {
    while (!closed) {
      Grant grant = running.get();
      // What was watched may end in this moment, and the next begin, which has time of its own.
      if (grant != null
          && clock.getAsLong() - grant.deadline > 0
          && running.compareAndSet(grant, null)) {
        grant.bitten = true;
        grant.bite.run();
      }
      LockSupport.parkNanos(this, tick);
    }
  }
}
