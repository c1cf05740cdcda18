package io.sparkllama.job.prediction;

import java.io.Serializable;

/**
 * Is what the engine made of a sampled prompt.
 *
 * @param promptTokens after truncation
 * @param completionTokens of all completions
 * @param failed whether the row has an error
 * @param start seconds from the trial's start, when the engine was asked
 * @param end seconds from the trial's start
 */
public record TrialAnswer(
    int promptTokens, int completionTokens, boolean failed, double start, double end)
    implements Serializable {}
