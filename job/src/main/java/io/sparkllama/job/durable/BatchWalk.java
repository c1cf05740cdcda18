package io.sparkllama.job.durable;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Leads the rows of a batch through the one walk that all rows take. */
@FunctionalInterface
public interface BatchWalk {
  /**
   * Builds the walk; no row is read yet.
   *
   * @param work rows in the partitions that they are answered in
   */
  BatchAnswers over(Dataset<Row> work);
}
