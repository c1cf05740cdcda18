package io.sparkllama.job;

import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.report.BatchReport;
import io.sparkllama.job.report.InputReport;
import java.util.Optional;

/**
 * Is what came of a run.
 *
 * @param counts of the rows that it wrote
 * @param answered rows of the input, those included that have a dead letter in place of an answer
 * @param left rows of the input that have no answer yet
 * @param batches where the output has any
 * @param input what became of it; empty where the output is of a kind that no run goes on with
 */
record RunOutcome(
    GenerationCounts counts,
    long answered,
    long left,
    Optional<BatchReport> batches,
    Optional<InputReport> input) {}
