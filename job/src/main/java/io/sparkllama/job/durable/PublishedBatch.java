package io.sparkllama.job.durable;

import java.io.IOException;
import java.util.OptionalLong;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Is a batch where readers find it, with what its rows left unanswered and its dead letters. */
interface PublishedBatch {
  /**
   * Returns the rows of the output that it holds, where it counts already, so that no run answers
   * it again; empty where it counts from its commit on, or is not there.
   */
  OptionalLong counted() throws IOException;

  /**
   * Brings what it left unanswered and its letters to their places; who goes on may do so again.
   */
  void settle() throws IOException;

  /**
   * Is what a run has answered.
   *
   * @param place folder of the run's own: files with rows, and beside them what these left
   *     unanswered, and the letters
   * @param rows as they are read from there
   * @param count of them
   */
  record Answers(StoredPath place, Dataset<Row> rows, long count) {}

  /**
   * Makes answers ready, and makes room for them.
   *
   * @throws IOException where the run has been replaced
   */
  void prepare(Answers answers, RunControl control) throws IOException;

  /**
   * Shows readers what was made ready, as the last step if the run still has the lock.
   *
   * @return whether it is here now; not where another run's is
   * @throws IOException where the run has been replaced
   */
  boolean publish(Answers answers, RunControl control) throws IOException;
}
