package io.sparkllama.job.durable;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps other runs out of an output while one writes, by a file that its holder renews.
 *
 * <p>Who finds a lock watches its counter: where it rises, the holder lives, and the run is
 * refused; where it stands still for long, or the holder is a dead process of this very machine,
 * the lock is taken over. No clocks are compared: a counter rises or it does not.
 */
public final class RunLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunLock.class);
  private static final Duration LOOK = Duration.ofMillis(200);

  private final OutputFolder output;
  private final boolean made;
  private final LockFile file;
  private final LockTimes times;
  private final ScheduledExecutorService renewal =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "sparkllama-lock");
            thread.setDaemon(true);
            return thread;
          });
  private volatile LockState state; // written by the renewal alone
  private volatile long renewed = System.nanoTime();
  private volatile boolean closed;
  private volatile String lost; // null while the lock is held, else who has it

  /**
   * @param made whether the output's folder was made for this lock
   */
  private RunLock(OutputFolder output, boolean made, LockTimes times, LockState state) {
    this.output = output;
    this.made = made;
    this.file = new LockFile(output.lock());
    this.times = times;
    this.state = state;
    long interval = times.renewal().toMillis();
    var unused =
        renewal.scheduleWithFixedDelay(this::renew, interval, interval, TimeUnit.MILLISECONDS);
  }

  /**
   * Takes the lock of an output; waits until it is known whether one that is there is kept.
   *
   * @param application of Spark, for who finds the lock
   * @param stop that ends the wait
   * @throws IOException where another run holds it, which it names; trying again helps after that
   *     run's end
   */
  public static RunLock acquire(
      OutputFolder output, String application, LockTimes times, StopRequest stop)
      throws IOException {
    LockFile file = new LockFile(output.lock());
    LockState own = new LockState(LockHolder.here(application), 0);
    boolean made = !output.exists();
    stop.check();
    while (!file.create(own.json())) {
      Optional<byte[]> found = file.read();
      Optional<byte[]> dead =
          found.isEmpty() ? Optional.empty() : awaitDeath(file, found.get(), times, stop);
      // Another run may have taken it over since the last look.
      if (dead.isPresent() && Arrays.equals(dead.get(), file.read().orElse(null))) {
        LOG.warn(
            "Takes over the output from a run that ended without a word: {}", words(dead.get()));
        file.delete();
        if (file.create(own.json())) {
          sleep(times.settling());
          break;
        }
      }
    }
    // Two may have created it where a storage does so without looking, or have taken it over.
    byte[] now = file.read().orElse(new byte[0]);
    if (!isOf(own.holder(), now)) {
      throw held(file, now);
    }
    return new RunLock(output, made, times, own);
  }

  /** Returns the name of this run, which no other has. */
  String run() {
    return state.holder().id();
  }

  /**
   * Returns when the holder is dead, or the file has gone.
   *
   * @return what the file of the dead holder says; empty where it has gone
   */
  private static Optional<byte[]> awaitDeath(
      LockFile file, byte[] found, LockTimes times, StopRequest stop) throws IOException {
    Optional<LockState> first = LockState.parse(found);
    if (first.isPresent() && !first.get().holder().isDead()) {
      LOG.warn(
          "Another run holds the output; looking for up to {} s whether it is alive: {}",
          times.patience().toSeconds(),
          words(found));
    }
    byte[] last = found;
    // Looks are counted, not time: a run that was itself held up has not looked meanwhile.
    long looks = times.patience().dividedBy(LOOK);
    for (long look = 0; look < looks; look++) {
      if (first.isPresent() && first.get().holder().isDead()) {
        return Optional.of(last);
      }
      sleep(LOOK);
      stop.check();
      Optional<byte[]> now = file.read();
      if (now.isEmpty()) {
        return now;
      }
      Optional<LockState> read = LockState.parse(now.get());
      boolean rose = first.isPresent() && read.isPresent() && !read.equals(first);
      if (rose) {
        throw held(file, now.get());
      }
      if (!Arrays.equals(last, now.get())) { // half written, and now perhaps whole
        look = 0;
        last = now.get();
        first = read;
      }
    }
    return Optional.of(last);
  }

  private static IOException held(LockFile file, byte[] bytes) {
    return new IOException(
        "Another run writes to the same output; start this one again after its end, or name another"
            + " output.path: "
            + words(bytes)
            + ", in "
            + file);
  }

  private static String words(byte[] bytes) {
    return LockState.parse(bytes).map(state -> state.holder().text()).orElse("nobody known");
  }

  private static boolean isOf(LockHolder holder, byte[] bytes) {
    return LockState.parse(bytes).filter(now -> now.holder().id().equals(holder.id())).isPresent();
  }

  /**
   * Tells whether another run has taken the lock, or may soon, since it was not renewed for long:
   * its storage may be out of reach, or hold up who asks it. Does not ask the storage.
   */
  boolean isLost() {
    return lost != null || isOverdue();
  }

  /** Others take the lock over after their patience; who holds it gives up before. */
  private boolean isOverdue() {
    return System.nanoTime() - renewed > times.patience().toNanos() * 3 / 4;
  }

  /**
   * Makes sure that the lock is held, now.
   *
   * @throws IOException where another run has taken it, or may have; this one must write no more
   */
  public void check() throws IOException {
    if (lost == null && isOverdue()) {
      throw new IOException(
          "The lock of the output could not be renewed for long, so that another run may take it over"
              + " and this one writes no more; see that the output's storage can be reached, and that"
              + " runs are not held up for more than "
              + times.patience().toSeconds()
              + " s: "
              + file);
    }
    if (lost == null) {
      note(taken(file.read()));
    }
    if (lost != null) {
      throw new IOException(
          "Another run has taken over the output, so this one writes no more; see that a run is not"
              + " started twice, nor held up for more than "
              + times.patience().toSeconds()
              + " s: "
              + lost);
    }
  }

  /**
   * Returns who else has the lock; null where nobody has. A file that says nothing is this run's
   * own still: a storage that writes it in place leaves it so when a renewal fails.
   */
  private String taken(Optional<byte[]> now) {
    if (now.isEmpty()) {
      return "nobody known, and the lock is gone";
    }
    return LockState.parse(now.get())
        .map(LockState::holder)
        .filter(holder -> !holder.id().equals(state.holder().id()))
        .map(LockHolder::text)
        .orElse(null);
  }

  /** Keeps who else has the lock; a lock that was lost stays so. */
  private synchronized void note(String other) {
    if (other != null) {
      lost = other;
    }
  }

  /** Runs on the thread of renewals, which a failure must not end. */
  private void renew() {
    if (closed || lost != null) {
      return;
    }
    try {
      Optional<byte[]> now = file.read();
      String other = taken(now);
      note(other);
      boolean own = isOf(state.holder(), now.orElse(new byte[0]));
      // What says nothing may after long be another run's, half written.
      if (own || (other == null && !isOverdue())) {
        state = state.next();
        file.replace(state.json());
        renewed = System.nanoTime();
      }
    } catch (Exception unreachable) { // a storage may throw anything
      LOG.warn("The lock of the output cannot be renewed: {}", unreachable.toString());
    }
  }

  /** Gives the lock back, where it is held still. */
  @Override
  public void close() {
    closed = true;
    renewal.shutdown();
    if (isLost()) {
      return;
    }
    try {
      // A renewal under way would write the file anew.
      boolean idle = renewal.awaitTermination(times.patience().toMillis(), TimeUnit.MILLISECONDS);
      if (idle && isOf(state.holder(), file.read().orElse(new byte[0]))) {
        file.delete();
        output.removeEmptyState();
        if (made) {
          output.removeEmpty();
        }
      }
    } catch (IOException unreachable) {
      LOG.warn(
          "The lock of the output could not be removed; the next run will wait {} s for it: {}",
          times.patience().toSeconds(),
          unreachable.toString());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      LOG.warn("The lock of the output stays, since the run's end was interrupted.");
    }
  }

  private static void sleep(Duration time) throws IOException {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new java.io.InterruptedIOException("Interrupted while another run's lock is watched.");
    }
  }
}
