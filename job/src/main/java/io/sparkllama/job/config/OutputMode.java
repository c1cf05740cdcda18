package io.sparkllama.job.config;

/** Says what happens where the output exists already. */
public enum OutputMode {
  /** Refuses the job before any work. */
  ERROR,
  /** Replaces what is there. */
  OVERWRITE,
  /** Adds the rows that no run has answered yet. */
  RESUME
}
