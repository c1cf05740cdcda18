package io.sparkllama.engine.store;

import java.time.Duration;

/**
 * Says how a model is read from storage.
 *
 * @param rangeBytes what is read by one thread, noted, and read again where it was interrupted
 * @param attempts to read a range, at least one
 * @param firstPause before the second attempt; each further pause is twice as long
 */
record CopySettings(int rangeBytes, int attempts, Duration firstPause) {
  /** Outlasts a connection that is cut; what lasts longer is for the next start to go on with. */
  static final CopySettings STANDARD = new CopySettings(32 << 20, 5, Duration.ofMillis(500));

  /** Waits after an attempt that failed, counted from 1. */
  void pause(int attempt) throws InterruptedException {
    Thread.sleep(firstPause.toMillis() << (attempt - 1));
  }
}
