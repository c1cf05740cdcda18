package io.sparkllama.job.pipeline;

import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.DeadRows;
import java.io.Serializable;
import java.util.Map;

/** Takes the rows that the engine could not run, so that they are not among the answers. */
@FunctionalInterface
public interface LetterBox extends Serializable {
  /** Takes none: such rows are answered with their error. */
  LetterBox CLOSED = (partition, row) -> false;

  /**
   * Makes one that collects them.
   *
   * @param rows registered with the SparkContext
   */
  static LetterBox into(DeadRows rows) {
    return new LetterBox() {
      @Override
      public void begin(int partition) {
        rows.begin(partition);
      }

      @Override
      public boolean take(int partition, DeadRow row) {
        rows.add(Map.entry(partition, row));
        return true;
      }
    };
  }

  /** Hears that a partition begins, before its first row. */
  default void begin(int partition) {}

  /** Takes a row of a partition, or returns false. */
  boolean take(int partition, DeadRow row);
}
