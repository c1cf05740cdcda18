package io.sparkllama.job.durable;

import io.sparkllama.job.limit.RunLimits;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.sink.ResultSink;

/**
 * Is a job whose rows are written in batches.
 *
 * @param sink of the files that a run writes before they are published
 * @param prepared what the walk reads and writes; its rows are of no matter here
 * @param completions rows of the output for a row of the input
 * @param spread of rows over files, their number open
 */
public record DurableJob(
    ResultSink sink,
    PreparedRows prepared,
    int completions,
    RowSpread spread,
    DurableSettings settings,
    RunLimits limits) {}
