package io.sparkllama.job.durable;

import java.io.IOException;

/**
 * Says whether a run may go on.
 *
 * @param lock that it holds
 * @param stop that it may be asked for
 */
public record RunControl(RunLock lock, StopRequest stop) {
  /** Tells, without a look at the storage, whether the run must stop. */
  boolean ends() {
    return lock.isLost() || stop.reason().isPresent();
  }

  /**
   * Makes sure that the run may write.
   *
   * @throws RunStoppedException where it was asked to stop
   * @throws IOException where another run has taken its lock
   */
  public void check() throws IOException {
    stop.check();
    lock.check();
  }
}
