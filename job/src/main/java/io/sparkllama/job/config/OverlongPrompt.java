package io.sparkllama.job.config;

import io.sparkllama.engine.api.OverlongPolicy;

/** Says what a job does with a prompt that is longer than the context allows. */
public enum OverlongPrompt {
  /** Gives the row an error. */
  ERROR(OverlongPolicy.ERROR),
  /** Divides the document: the engine is given parts, which fit. */
  SPLIT(OverlongPolicy.ERROR),
  TRUNCATE_HEAD(OverlongPolicy.TRUNCATE_HEAD),
  TRUNCATE_MIDDLE(OverlongPolicy.TRUNCATE_MIDDLE),
  TRUNCATE_TAIL(OverlongPolicy.TRUNCATE_TAIL);

  private final OverlongPolicy policy;

  OverlongPrompt(OverlongPolicy policy) {
    this.policy = policy;
  }

  /** Returns what the engine is told. */
  public OverlongPolicy policy() {
    return policy;
  }
}
