package io.sparkllama.job.durable;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Is a place where one run is held up, until it is let go. */
final class Hold {
  private static final long SECONDS = 60;

  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  /** Holds who comes here. */
  void here() {
    reached.countDown();
    await(ended, "A run is held up for longer than its test lasts.");
  }

  /** Waits until somebody is held up. */
  void awaitReached() {
    await(reached, "No run has come to the place where it is to be held up.");
  }

  /** Lets everybody go on. */
  void end() {
    ended.countDown();
  }

  private static void await(CountDownLatch latch, String otherwise) {
    try {
      if (!latch.await(SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException(otherwise);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }
}
