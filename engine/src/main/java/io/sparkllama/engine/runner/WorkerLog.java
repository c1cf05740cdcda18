package io.sparkllama.engine.runner;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a worker process says on its standard error into this process's log, a line at a
 * time, on a thread that ends with the worker.
 */
final class WorkerLog {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerLog.class);
  private static final int MOST_LINE_BYTES = 2000; // longer ones come in pieces

  private final long pid;
  private final byte[] line = new byte[MOST_LINE_BYTES];
  private int length;

  private WorkerLog(long pid) {
    this.pid = pid;
  }

  static void follow(Process process) {
    InputStream errors = process.getErrorStream();
    WorkerLog log = new WorkerLog(process.pid());
    Thread thread = new Thread(() -> log.read(errors), "sparkllama-worker-log");
    thread.setDaemon(true);
    thread.start();
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
      LOG.warn("worker {}: {}", pid, new String(line, 0, length, StandardCharsets.UTF_8));
      length = 0;
    }
  }
}
