package io.sparkllama.job.limit;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Says how far a run goes.
 *
 * @param rows of the input that are answered at most
 * @param tokens after which no further row begins
 * @param time after which no further row begins
 */
public record RunLimits(OptionalLong rows, OptionalLong tokens, Optional<Duration> time) {
  /** Lets a run answer all rows. */
  public static final RunLimits NONE =
      new RunLimits(OptionalLong.empty(), OptionalLong.empty(), Optional.empty());

  /** Tells whether tasks must hear of the limits while they run. */
  public boolean endRunningTasks() {
    return tokens.isPresent() || time.isPresent();
  }
}
