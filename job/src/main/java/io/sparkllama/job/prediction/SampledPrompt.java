package io.sparkllama.job.prediction;

import java.io.Serializable;

/**
 * Is a prompt of the sample before anything has run.
 *
 * @param length characters of its columns
 * @param tokens before anything is cut; 0 where no prompt can be made
 */
public record SampledPrompt(long length, int tokens) implements Serializable {}
