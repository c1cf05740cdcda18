package io.sparkllama.job.report;

import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounts;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Draws a bar with rows, time left, tokens per second, and how the engines are used. */
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
  public void show(GenerationCounts counts, Optional<EngineUse> engines, Duration elapsed) {
    bar.stepTo(counts.rows());
    bar.setExtraMessage(message(counts, engines, elapsed));
  }

  static String message(GenerationCounts counts, Optional<EngineUse> engines, Duration elapsed) {
    return String.format(
            Locale.ROOT, "%.0f tokens/s", ProgressDisplay.tokensPerSecond(counts, elapsed))
        + engines
            .map(
                use ->
                    String.format(
                        Locale.ROOT,
                        ", batch %.0f%%, KV %.0f%%",
                        100 * use.batch(),
                        100 * use.kvCache()))
            .orElse("");
  }

  @Override
  public void close() {
    bar.close();
  }
}
