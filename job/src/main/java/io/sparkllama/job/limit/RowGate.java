package io.sparkllama.job.limit;

import java.time.Duration;

/** Tells one task whether it may begin further rows. */
public interface RowGate extends AutoCloseable {
  /** Lets every row begin. */
  RowGate OPEN =
      new RowGate() {
        @Override
        public void awaitAnswer(Duration longest) {}

        @Override
        public void used(long tokens) {}

        @Override
        public boolean isOpen() {
          return true;
        }

        @Override
        public void close() {}
      };

  /** Waits until it is known whether the first row may begin, but no longer than that. */
  void awaitAnswer(Duration longest) throws InterruptedException;

  /** Hears what the task has used since its beginning. */
  void used(long tokens);

  /** Tells whether a further row may begin. */
  boolean isOpen();

  /** May be called again. */
  @Override
  void close();
}
