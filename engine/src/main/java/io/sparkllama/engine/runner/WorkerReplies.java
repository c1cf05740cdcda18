package io.sparkllama.engine.runner;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads what a worker process answers.
 *
 * <p>A process that is stuck in a device's driver keeps its output open although it was killed, and
 * nothing wakes a thread that reads there. So nobody reads the output of one that has a device
 * before something is there: it is looked at again and again, the longer ago the request the more
 * rarely, which makes a step later by less than half a percent and the 0.1 ms of a short sleep.
 */
final class WorkerReplies {
  private static final long SHORTEST_PAUSE = TimeUnit.MICROSECONDS.toNanos(20);
  private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long PAUSES = 256; // of the last length, in the time since the request

  private final Process process;
  private final InputStream stream;
  private final Runnable meanwhile; // null where a read may block

  private WorkerReplies(Process process, Runnable meanwhile) {
    this.process = process;
    this.stream = process.getInputStream();
    this.meanwhile = meanwhile;
  }

  /** Reads at once, and blocks until a process has answered or ended. */
  static WorkerReplies blocking(Process process) {
    return new WorkerReplies(process, null);
  }

  /**
   * Reads when something is there.
   *
   * @param meanwhile is called again and again before; what it throws ends the wait
   */
  static WorkerReplies watched(Process process, Runnable meanwhile) {
    return new WorkerReplies(process, meanwhile);
  }

  /**
   * Fills an array.
   *
   * @throws EOFException where the process has ended before
   */
  void readWhole(byte[] bytes) throws IOException {
    int filled = 0;
    while (filled < bytes.length) {
      if (meanwhile != null) {
        await();
      }
      int read = stream.read(bytes, filled, bytes.length - filled);
      if (read < 0) {
        throw new EOFException();
      }
      filled += read;
    }
  }

  /** Waits until a read would not block: the end of a process is the end of its output. */
  private void await() throws IOException {
    long begin = System.nanoTime();
    while (stream.available() == 0 && process.isAlive()) {
      meanwhile.run();
      long pause = (System.nanoTime() - begin) / PAUSES;
      LockSupport.parkNanos(Math.max(SHORTEST_PAUSE, Math.min(pause, LONGEST_PAUSE)));
    }
  }
}
