package io.sparkllama.job.durable;

import io.sparkllama.engine.api.InvalidConfigurationException;
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
  private final LockFile file;
  private final LockTimes times;
  private final ScheduledExecutorService renewal =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "sparkllama-lock");
            thread.setDaemon(true);
            return thread;
          });
  private LockState state; // guarded by this
  private long renewed = System.nanoTime(); // guarded by this
  private boolean closed; // guarded by this
  private volatile String lost; // null while the lock is held, else who has it

  private RunLock(OutputFolder output, LockTimes times, LockState state) {
    this.output = output;
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
   * @throws InvalidConfigurationException where another run holds it, which it names
   */
  public static RunLock acquire(OutputFolder output, String application, LockTimes times)
      throws IOException {
    LockFile file = new LockFile(output.lock());
    LockState own = new LockState(LockHolder.here(application), 0);
    while (!file.create(own.json())) {
      Optional<byte[]> found = file.read();
      if (found.isPresent() && awaitDeath(file, found.get(), times)) {
        LOG.warn(
            "Takes over the output from a run that ended without a word: {}", words(found.get()));
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
    return new RunLock(output, times, own);
  }

  /**
   * Returns when the holder is dead, or the file has gone.
   *
   * @return whether the file is there still
   */
  private static boolean awaitDeath(LockFile file, byte[] found, LockTimes times)
      throws IOException {
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
        return true;
      }
      sleep(LOOK);
      Optional<byte[]> now = file.read();
      if (now.isEmpty()) {
        return false;
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
    return true;
  }

  private static InvalidConfigurationException held(LockFile file, byte[] bytes) {
    return new InvalidConfigurationException(
        "Another run writes to the same output; wait for its end, or name another output.path: "
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

  /** Tells whether another run has taken the lock, as far as the renewal knows. */
  boolean isLost() {
    return lost != null;
  }

  /**
   * Makes sure that the lock is held, now.
   *
   * @throws IOException where another run has taken it; this one must write no more
   */
  public synchronized void check() throws IOException {
    if (lost == null) {
      byte[] now = file.read().orElse(new byte[0]);
      if (!isOf(state.holder(), now)) {
        lost = words(now);
      }
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

  private synchronized void renew() {
    if (closed || lost != null) {
      return;
    }
    try {
      byte[] now = file.read().orElse(new byte[0]);
      if (isOf(state.holder(), now)) {
        state = state.next();
        file.replace(state.json());
        renewed = System.nanoTime();
      } else {
        lost = words(now);
      }
    } catch (IOException unreachable) {
      LOG.warn("The lock of the output cannot be renewed: {}", unreachable.toString());
      if (System.nanoTime() - renewed > times.patience().toNanos() * 3 / 4) {
        lost = "nobody known, since its storage could not be reached for long";
      }
    }
  }

  /** Gives the lock back, where it is held still. */
  @Override
  public synchronized void close() {
    renewal.shutdown();
    if (closed || lost != null) {
      return;
    }
    closed = true;
    try {
      if (isOf(state.holder(), file.read().orElse(new byte[0]))) {
        file.delete();
        output.removeEmpty();
      }
    } catch (IOException unreachable) {
      LOG.warn(
          "The lock of the output could not be removed; the next run will wait {} s for it: {}",
          times.patience().toSeconds(),
          unreachable.toString());
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
