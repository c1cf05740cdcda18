package io.sparkllama.job.config;

/** Says what happens to rows of the input that cannot be taken. */
public enum BadRows {
  /** They are listed beside the output, and the others are answered. */
  SET_ASIDE,
  /** The job is refused before any work. */
  REFUSE
}
