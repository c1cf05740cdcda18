package io.sparkllama.job.durable;

import io.sparkllama.job.config.ChangedOutput;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Says how an output of files is written.
 *
 * @param changed what happens where it was made with another configuration
 * @param batchTime how long a batch takes, about
 * @param batchRows rows of the input in a batch, in place of its time
 */
public record DurableSettings(ChangedOutput changed, Duration batchTime, OptionalLong batchRows) {}
