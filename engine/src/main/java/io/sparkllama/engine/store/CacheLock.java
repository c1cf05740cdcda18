package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;

/**
 * Holds a file's lock against the other processes and the other threads of this host. The system
 * frees it when a process dies, so that none is ever left behind.
 */
final class CacheLock implements AutoCloseable {
  private static final long POLL_MILLIS = 50;

  private final FileChannel channel;
  private final FileLock lock;

  private CacheLock(FileChannel channel, FileLock lock) {
    this.channel = channel;
    this.lock = lock;
  }

  /** Names who else may hold the lock at the same time. */
  enum Mode {
    SHARED,
    EXCLUSIVE
  }

  /**
   * Waits for the lock, by polling: a lock that another thread of this process holds is an
   * exception to Java, and its threads have no queue in common with other processes.
   *
   * @throws IOException where the lock is not had within {@code patience}, or the file system has
   *     no locks
   */
  static CacheLock acquire(Path file, Mode mode, Duration patience) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      long deadline = System.nanoTime() + patience.toNanos();
      while (true) {
        FileLock lock = tryLock(channel, mode);
        if (lock != null) {
          return new CacheLock(channel, lock);
        }
        if (System.nanoTime() - deadline > 0) {
          throw new IOException(
              "another process has held the lock of a model's copy for too long; if none is"
                  + " copying a model on this host, end the process that holds it: "
                  + file);
        }
        Thread.sleep(POLL_MILLIS);
      }
    } catch (InterruptedException e) {
      channel.close();
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("interrupted while waiting for a model's copy: " + file)
              .initCause(e);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Takes the lock where it is free at this moment. */
  static Optional<CacheLock> tryAcquire(Path file, Mode mode) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = tryLock(channel, mode);
      return Optional.ofNullable(lock).map(held -> new CacheLock(channel, held));
    } finally {
      if (lock == null) {
        channel.close();
      }
    }
  }

  private static FileLock tryLock(FileChannel channel, Mode mode) throws IOException {
    try {
      return channel.tryLock(0, Long.MAX_VALUE, mode == Mode.SHARED);
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    try (channel) {
      lock.release();
    }
  }
}
