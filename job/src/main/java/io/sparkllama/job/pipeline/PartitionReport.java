package io.sparkllama.job.pipeline;

import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.GenerationCounts;

/** Hears what becomes of a partition's rows, on the task's thread. */
@FunctionalInterface
interface PartitionReport {
  /** Receives the partition's counts after every row. */
  void counted(GenerationCounts counts);

  /** Takes a row that the engine could not run; where it does not, the row has its error. */
  default boolean takes(DeadRow row) {
    return false;
  }
}
