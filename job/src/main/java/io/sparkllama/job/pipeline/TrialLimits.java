package io.sparkllama.job.pipeline;

import java.io.Serializable;

/**
 * Bounds a trial.
 *
 * @param prompts that are sampled, about
 * @param concurrency prompts that the engine works on at once
 * @param seconds after which no more prompts start; those under way are waited for, since to leave
 *     them out would leave out the longest answers
 */
public record TrialLimits(int prompts, int concurrency, int seconds) implements Serializable {

  /** Returns prompts that are given to the engine at once: no place is to stay empty for a step. */
  int inFlight() {
    return concurrency + (concurrency + 1) / 2;
  }

  /** Returns the same limits with at most so many prompts. */
  public TrialLimits withMostPrompts(int most) {
    return new TrialLimits(Math.min(prompts, most), concurrency, seconds);
  }
}
