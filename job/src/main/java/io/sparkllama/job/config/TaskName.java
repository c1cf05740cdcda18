package io.sparkllama.job.config;

/** Names what a job does with each row. */
public enum TaskName {
  COMPLETE,
  CLASSIFY,
  SUMMARIZE,
  SCORE
}
