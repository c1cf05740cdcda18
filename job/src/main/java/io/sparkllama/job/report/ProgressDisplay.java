package io.sparkllama.job.report;

import io.sparkllama.job.metrics.GenerationCounts;
import java.time.Duration;

/** Shows how far a job is; called by one thread at a time. */
public interface ProgressDisplay extends AutoCloseable {
  /** Returns the time between two showings. */
  Duration interval();

  /** Shows what is done after so much time. */
  void show(GenerationCounts counts, Duration elapsed);

  @Override
  void close();

  /** Returns prompt and completion tokens per second. */
  static double tokensPerSecond(GenerationCounts counts, Duration elapsed) {
    double seconds = elapsed.toNanos() / 1e9;
    return seconds <= 0 ? 0 : (counts.promptTokens() + counts.completionTokens()) / seconds;
  }
}
