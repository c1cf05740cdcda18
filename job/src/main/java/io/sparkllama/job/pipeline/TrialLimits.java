package io.sparkllama.job.pipeline;

import java.io.Serializable;

/**
 * Bounds a trial.
 *
 * @param prompts that are sampled, about
 * @param concurrency prompts that the engine works on at once
 * @param seconds after which no more prompts start; those under way are waited for, since to leave
 *     them out would leave out the longest answers
 * @param faults what follows where the engine cannot run too many of the prompts
 */
public record TrialLimits(int prompts, int concurrency, int seconds, Faults faults)
    implements Serializable {

  /** Names what becomes of a trial whose engine cannot run too many of its prompts. */
  public enum Faults {
    /** It fails: nothing comes after it that would say so. */
    FAIL,
    /** It starts no more prompts: the run that follows has a bound of its own, or none. */
    STOP
  }

  public TrialLimits(int prompts, int concurrency, int seconds) {
    this(prompts, concurrency, seconds, Faults.FAIL);
  }

  /** Returns prompts that are given to the engine at once: no place is to stay empty for a step. */
  int inFlight() {
    return concurrency + (concurrency + 1) / 2;
  }

  /** Returns the same limits with at most so many prompts. */
  public TrialLimits withMostPrompts(int most) {
    return new TrialLimits(Math.min(prompts, most), concurrency, seconds, faults);
  }

  /** Returns the same limits for a trial that a run follows. */
  public TrialLimits beforeRun() {
    return new TrialLimits(prompts, concurrency, seconds, Faults.STOP);
  }
}
