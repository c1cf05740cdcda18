package io.sparkllama.job.limit;

import io.sparkllama.job.config.ConfigKey;
import io.sparkllama.job.config.OutputKeys;

/** Names what ended a run before all rows were answered. */
public enum Limit {
  ROWS(OutputKeys.LIMIT_ROWS),
  TOKENS(OutputKeys.LIMIT_TOKENS),
  HOURS(OutputKeys.LIMIT_HOURS);

  private final ConfigKey<?> key;

  Limit(ConfigKey<?> key) {
    this.key = key;
  }

  /** Returns the key of the job file that sets it. */
  public String key() {
    return key.path();
  }
}
