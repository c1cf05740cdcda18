package io.sparkllama.job.report;

import io.sparkllama.job.metrics.GenerationCounts;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Draws a bar with rows, time left and tokens per second. */
public final class TerminalProgress implements ProgressDisplay {
  private static final int WIDTH = 100;

  private final ProgressBar bar;

  /**
   * @param rows of the job
   */
  public TerminalProgress(long rows, PrintStream stream) {
    this.bar =
        new ProgressBarBuilder()
            .setTaskName("rows")
            .setInitialMax(rows)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(500)
            .setConsumer(new ConsoleProgressBarConsumer(stream, WIDTH))
            .build();
  }

  @Override
  public Duration interval() {
    return Duration.ofSeconds(1);
  }

  @Override
  public void show(GenerationCounts counts, Duration elapsed) {
    bar.stepTo(counts.rows());
    bar.setExtraMessage(
        String.format(
            Locale.ROOT, "%.0f tokens/s", ProgressDisplay.tokensPerSecond(counts, elapsed)));
  }

  @Override
  public void close() {
    bar.close();
  }
}
