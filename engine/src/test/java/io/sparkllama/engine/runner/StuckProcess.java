package io.sparkllama.engine.runner;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Plays a process that is stuck in the system: it ignores what it is sent, and its output stays
 * open and empty. Who waits for it waits no time, and has it counted.
 */
final class StuckProcess extends Process {
  static final long PID = 4711;

  private final PipedInputStream output = new PipedInputStream();
  private volatile Duration waited = Duration.ZERO;
  private volatile int kills;

  StuckProcess() {
    try {
      output.connect(new PipedOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns how long its end has been waited for. */
  Duration waited() {
    return waited;
  }

  int kills() {
    return kills;
  }

  @Override
  public long pid() {
    return PID;
  }

  @Override
  public OutputStream getOutputStream() {
    return OutputStream.nullOutputStream();
  }

  @Override
  public InputStream getInputStream() {
    return output;
  }

  @Override
  public InputStream getErrorStream() {
    return InputStream.nullInputStream();
  }

  @Override
  public int waitFor() {
    throw new AssertionError("It is waited for without bound");
  }

  @Override
  public synchronized boolean waitFor(long timeout, TimeUnit unit) {
    waited = waited.plusNanos(unit.toNanos(timeout));
    if (waited.toHours() > 0) {
      throw new AssertionError("It is waited for without bound");
    }
    return false;
  }

  @Override
  public int exitValue() {
    throw new IllegalThreadStateException("It has not ended");
  }

  @Override
  public void destroy() {
    destroyForcibly();
  }

  @Override
  public synchronized Process destroyForcibly() {
    kills++;
    return this;
  }

  @Override
  public boolean isAlive() {
    return true;
  }
}
