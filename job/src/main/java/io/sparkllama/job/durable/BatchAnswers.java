package io.sparkllama.job.durable;

import io.sparkllama.job.metrics.DeadRows;
import io.sparkllama.job.metrics.GenerationCounter;
import java.util.function.LongSupplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Holds what the walk makes of a batch; no row is read yet.
 *
 * @param rows of the output, good for one action
 * @param counter of that action
 * @param dead rows of that action that the engine could not run, complete when it has ended
 * @param deadSoFar counts them while it runs; asked on any thread
 */
public record BatchAnswers(
    Dataset<Row> rows, GenerationCounter counter, DeadRows dead, LongSupplier deadSoFar) {}
