package io.sparkllama.job.pipeline;

import java.io.Serializable;

/**
 * Bounds a trial.
 *
 * @param prompts that are sampled, about
 * @param concurrency prompts under way at once: as many as an engine takes into a step
 * @param seconds after which no more prompts start; those under way are waited for, since to leave
 *     them out would leave out the longest answers
 */
public record TrialLimits(int prompts, int concurrency, int seconds) implements Serializable {

  /** Returns the same limits with at most so many prompts. */
  public TrialLimits withMostPrompts(int most) {
    return new TrialLimits(Math.min(prompts, most), concurrency, seconds);
  }
}
