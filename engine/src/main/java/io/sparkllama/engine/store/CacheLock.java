package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Holds a file's lock against the other processes and the other threads of this host. The system
 * frees it when a process dies, so that none is ever left behind.
 */
final class CacheLock implements AutoCloseable {
  private static final long POLL_MILLIS = 50;

  /**
   * The files that this process has locked, or waits to lock. The system drops all of a process's
   * locks of a file when it closes any channel of it, so that a second one must never be opened.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path name; // in HELD
  private final FileChannel channel;

  private CacheLock(Path name, FileChannel channel) {
    this.name = name;
    this.channel = channel;
  }

  /** Names who else may hold the lock at the same time. */
  enum Mode {
    SHARED,
    EXCLUSIVE
  }

  /**
   * Waits for the lock, by polling: threads of this process have no queue in common with other
   * processes. One thread of a process holds it at a time, in either mode.
   *
   * @throws IOException where the lock is not had within {@code patience}, or the file system has
   *     no locks
   */
  static CacheLock acquire(Path file, Mode mode, Duration patience) throws IOException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      Optional<CacheLock> lock = tryAcquire(file, mode);
      if (lock.isPresent()) {
        return lock.get();
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException(
            "another process has held the lock of a model's copy for too long; if none is"
                + " copying a model on this host, end the process that holds it: "
                + file);
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw (IOException)
            new InterruptedIOException("interrupted while waiting for a model's copy: " + file)
                .initCause(e);
      }
    }
  }

  /** Takes the lock where it is free at this moment; one that this process holds is not. */
  static Optional<CacheLock> tryAcquire(Path file, Mode mode) throws IOException {
    return tryAcquire(
        file, mode, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Tells whether anyone holds a file's lock at this moment; a file that is gone stays gone. */
  static boolean isHeld(Path file) throws IOException {
    Optional<CacheLock> lock;
    try {
      lock = tryAcquire(file, Mode.EXCLUSIVE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      return false;
    }
    if (lock.isEmpty()) {
      return true;
    }
    lock.get().close();
    return false;
  }

  private static Optional<CacheLock> tryAcquire(Path file, Mode mode, OpenOption... opening)
      throws IOException {
    Path name = file.toAbsolutePath().getParent().toRealPath().resolve(file.getFileName());
    if (!HELD.add(name)) {
      return Optional.empty();
    }
    boolean locked = false;
    FileChannel channel = null;
    try {
      channel = FileChannel.open(name, opening);
      locked = channel.tryLock(0, Long.MAX_VALUE, mode == Mode.SHARED) != null;
      return locked ? Optional.of(new CacheLock(name, channel)) : Optional.empty();
    } finally {
      if (!locked) {
        leave(name, channel);
      }
    }
  }

  /** Closes a channel first: until then no other of its file may be opened. */
  private static void leave(Path name, FileChannel channel) throws IOException {
    try {
      if (channel != null) {
        channel.close();
      }
    } finally {
      HELD.remove(name);
    }
  }

  /** Frees the lock; another time it does nothing. */
  @Override
  public void close() throws IOException {
    if (channel.isOpen()) {
      leave(name, channel);
    }
  }
}
