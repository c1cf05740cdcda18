package io.sparkllama.job.report;

import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounts;
import java.time.Duration;
import java.util.Optional;

/** Shows how far a job is; called by one thread at a time. */
public interface ProgressDisplay extends AutoCloseable {
  /** Returns the time between two showings. */
  Duration interval();

  /**
   * Shows what is done after so much time.
   *
   * @param engines how they are used; empty where nothing is known
   */
  void show(GenerationCounts counts, Optional<EngineUse> engines, Duration elapsed);

  @Override
  void close();

  /** Returns prompt and completion tokens per second. */
  static double tokensPerSecond(GenerationCounts counts, Duration elapsed) {
    double seconds = elapsed.toNanos() / 1e9;
    return seconds <= 0 ? 0 : (counts.promptTokens() + counts.completionTokens()) / seconds;
  }
}
