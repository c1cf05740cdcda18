package io.sparkllama.job.limit;

import io.sparkllama.job.config.ConfigKey;
import io.sparkllama.job.config.JobKeys;

/** Names what ended a run before all rows were answered. */
public enum Limit {
  ROWS(JobKeys.LIMIT_ROWS),
  TOKENS(JobKeys.LIMIT_TOKENS),
  HOURS(JobKeys.LIMIT_HOURS);

  private final ConfigKey<?> key;

  Limit(ConfigKey<?> key) {
    this.key = key;
  }

  /** Returns the key of the job file that sets it. */
  public String key() {
    return key.path();
  }
}
