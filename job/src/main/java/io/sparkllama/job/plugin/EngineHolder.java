package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Keeps one engine at a time: opens it for who asks first, hands it to all who ask for the same,
 * and changes it when nobody uses it any more.
 *
 * @param <S> what an engine is opened from; compared by equals
 * @param <E> the engine
 */
final class EngineHolder<S, E> {
  private final Opener<S, E> opener;
  private final Consumer<E> closer;
  private final Predicate<E> failed;
  private final Duration patience;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();

  // All below are guarded by the lock; the engine is read without it, too.
  private S specification;
  private volatile E engine;
  private Set<Lease> leases = new HashSet<>();

  /** Opens an engine; may take minutes. */
  @FunctionalInterface
  interface Opener<S, E> {
    E open(S specification) throws IOException;
  }

  /**
   * @param failed tells whether an engine must be replaced before it is used again
   * @param patience how long a request waits for those who use another engine
   */
  EngineHolder(Opener<S, E> opener, Consumer<E> closer, Predicate<E> failed, Duration patience) {
    this.opener = opener;
    this.closer = closer;
    this.failed = failed;
    this.patience = patience;
  }

  /** Holds the engine for one user; closing it twice is closing it once. */
  final class Lease implements AutoCloseable {
    private final E engine;

    private Lease(E engine) {
      this.engine = engine;
    }

    E engine() {
      return engine;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        leases.remove(this);
        idle.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Takes the engine, and opens it where there is none, another one, or one that has failed. Those
   * who ask while it opens wait for it.
   *
   * @throws InvalidConfigurationException where another engine stays in use
   * @throws InterruptedException where the task is killed while it waits
   */
  Lease acquire(S wanted) throws IOException, InterruptedException {
    Objects.requireNonNull(wanted, "wanted");
    lock.lockInterruptibly();
    try {
      if (engine != null && failed.test(engine)) {
        discard();
      }
      if (engine != null && !specification.equals(wanted)) {
        awaitIdle(wanted);
      }
      if (engine == null) {
        engine = opener.open(wanted);
        specification = wanted;
      }
      Lease lease = new Lease(engine);
      leases.add(lease);
      return lease;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the engine of the moment without waiting for one that opens, or keeping it open. */
  Optional<E> current() {
    return Optional.ofNullable(engine);
  }

  /** Waits until another engine is free, and closes it; or until someone else has changed it. */
  private void awaitIdle(S wanted) throws InterruptedException {
    long left = patience.toNanos();
    while (engine != null && !specification.equals(wanted) && !leases.isEmpty()) {
      if (left <= 0) {
        throw new InvalidConfigurationException(
            "an executor runs one engine at a time, and another job of this application uses it"
                + " with another model or other engine options; run the jobs one after the other,"
                + " or as two applications");
      }
      left = idle.awaitNanos(left);
    }
    if (engine != null && !specification.equals(wanted)) {
      discard();
    }
  }

  private void discard() {
    E old = engine;
    engine = null;
    specification = null;
    // Leases on the old engine count no more; closing them later finds nothing to remove.
    leases = new HashSet<>();
    closer.accept(old);
  }

  /** Closes the engine, if there is one, whoever uses it: the executor ends. */
  void close() {
    lock.lock();
    try {
      if (engine != null) {
        discard();
      }
    } finally {
      lock.unlock();
    }
  }
}
