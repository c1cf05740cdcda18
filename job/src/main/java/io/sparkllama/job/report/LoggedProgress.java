package io.sparkllama.job.report;

import io.sparkllama.job.metrics.GenerationCounts;
import java.time.Duration;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a line to the log every ten seconds: rows, errors, tokens per second, time left. */
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
  public void show(GenerationCounts counts, Duration elapsed) {
    LOG.info("{}", line(counts, elapsed));
  }

  String line(GenerationCounts counts, Duration elapsed) {
    String left = "";
    if (counts.rows() > 0 && counts.rows() < rows) {
      long seconds = elapsed.toSeconds() * (rows - counts.rows()) / counts.rows();
      left =
          String.format(
              Locale.ROOT, ", %d:%02d:%02d left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    return String.format(
        Locale.ROOT,
        "%d of %d rows, %d with an error, %.0f tokens/s%s",
        counts.rows(),
        rows,
        counts.errorRows(),
        ProgressDisplay.tokensPerSecond(counts, elapsed),
        left);
  }

  @Override
  public void close() {}
}
