package io.sparkllama.job.report;

import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounts;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a line to the log every ten seconds: rows, errors, tokens per second, how the engines are
 * used, time left.
 */
public final class LoggedProgress implements ProgressDisplay {
  private static final Logger LOG = LoggerFactory.getLogger(LoggedProgress.class);

  private final long rows;

  /**
   * @param rows of the job
   */
  public LoggedProgress(long rows) {
    this.rows = rows;
  }

  @Override
  public Duration interval() {
    return Duration.ofSeconds(10);
  }

  @Override
  public void show(GenerationCounts counts, Optional<EngineUse> engines, Duration elapsed) {
    LOG.info("{}", line(counts, engines, elapsed));
  }

  String line(GenerationCounts counts, Optional<EngineUse> engines, Duration elapsed) {
    String left = "";
    if (counts.rows() > 0 && counts.rows() < rows) {
      long seconds = elapsed.toSeconds() * (rows - counts.rows()) / counts.rows();
      left =
          String.format(
              Locale.ROOT, ", %d:%02d:%02d left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    return String.format(
        Locale.ROOT,
        "%d of %d rows, %d with an error, %.0f tokens/s%s%s",
        counts.rows(),
        rows,
        counts.errorRows(),
        ProgressDisplay.tokensPerSecond(counts, elapsed),
        engines.map(LoggedProgress::text).orElse(""),
        left);
  }

  private static String text(EngineUse use) {
    return String.format(
        Locale.ROOT,
        ", batches %.0f%% full, KV cache %.0f%% in use",
        100 * use.batch(),
        100 * use.kvCache());
  }

  @Override
  public void close() {}
}
