package io.sparkllama.job.durable;

import io.sparkllama.job.metrics.GenerationCounter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Holds what the walk makes of a batch; no row is read yet.
 *
 * @param rows of the output, good for one action
 * @param counter of that action
 */
public record BatchAnswers(Dataset<Row> rows, GenerationCounter counter) {}
