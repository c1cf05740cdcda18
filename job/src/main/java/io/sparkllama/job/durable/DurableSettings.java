package io.sparkllama.job.durable;

import io.sparkllama.job.config.ChangedOutput;
import io.sparkllama.job.limit.DeadLetterLimit;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Says how an output of files is written.
 *
 * @param changed what happens where it was made with another configuration
 * @param batchTime how long a batch takes, about
 * @param batchRows rows of the input in a batch, in place of its time
 * @param deadLetters how many rows the engine may set aside
 */
public record DurableSettings(
    ChangedOutput changed,
    Duration batchTime,
    OptionalLong batchRows,
    DeadLetterLimit deadLetters) {}
