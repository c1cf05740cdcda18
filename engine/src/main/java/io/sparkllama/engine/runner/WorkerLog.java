package io.sparkllama.engine.runner;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a worker process says on its standard error into this process's log, a line at a
 * time, on a thread that ends with the worker.
 */
final class WorkerLog {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerLog.class);
  private static final int MOST_LINE_BYTES = 2000; // longer ones come in pieces
  private static final long END_MILLISECONDS =
      1000; // that reading may take when the worker is gone

  private final long pid;
  private final Thread thread;
  private final byte[] line = new byte[MOST_LINE_BYTES];
  private int length;
  private volatile String last; // line; null before the first

  private WorkerLog(Process process) {
    this.pid = process.pid();
    this.thread = new Thread(() -> read(process.getErrorStream()), "sparkllama-worker-log");
    thread.setDaemon(true);
  }

  static WorkerLog follow(Process process) {
    WorkerLog log = new WorkerLog(process);
    log.thread.start();
    return log;
  }

  /** Returns the last line that a worker has said which has ended; empty where it said nothing. */
  Optional<String> lastLine() {
    try {
      thread.join(END_MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // what has been read so far will do
    }
    return Optional.ofNullable(last);
  }

  private void read(InputStream errors) {
    try (InputStream in = new BufferedInputStream(errors)) {
      for (int next = in.read(); next >= 0; next = in.read()) {
        if (next == '\n' || length == MOST_LINE_BYTES) {
          write();
        }
        if (next != '\n') {
          line[length++] = (byte) next;
        }
      }
    } catch (IOException e) {
      LOG.warn("The output of the worker process {} cannot be read further: {}", pid, e.toString());
    }
    write();
  }

  private void write() {
    if (length > 0) {
      last = new String(line, 0, length, StandardCharsets.UTF_8);
      LOG.warn("worker {}: {}", pid, last);
      length = 0;
    }
  }
}
