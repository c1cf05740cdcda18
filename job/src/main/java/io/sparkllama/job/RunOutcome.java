package io.sparkllama.job;

import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.report.BatchReport;
import java.util.Optional;

/**
 * Is what came of a run.
 *
 * @param counts of the rows that it wrote
 * @param answered rows of the input
 * @param left rows of the input that have no answer yet
 * @param batches where the output has any
 */
record RunOutcome(
    GenerationCounts counts, long answered, long left, Optional<BatchReport> batches) {}
