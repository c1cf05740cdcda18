package io.sparkllama.job.config;

/** Says what happens where the output was made with another configuration. */
public enum ChangedOutput {
  /** Refuses the job before any work. */
  REFUSE,
  /** Answers all rows anew, beside those that are there. */
  REDO
}
