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
   * Makes ready what a run has answered, and makes room for it.
   *
   * @param open folder of the run's own, with its files
   * @param rows of the output in it
   */
  void prepare(StoredPath open, long rows) throws IOException;

  /**
   * Shows readers what was made ready, as the last step if the run still has the lock.
   *
   * @param open folder of the run's own, with the rest and the letters beside the rows
   * @param rows of it, as they are read
   * @return whether it is here now; not where another run's is
   * @throws IOException where the run has been replaced
   */
  boolean publish(StoredPath open, Dataset<Row> rows, RunControl control) throws IOException;
}
