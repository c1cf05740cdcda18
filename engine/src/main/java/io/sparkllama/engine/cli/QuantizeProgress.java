package io.sparkllama.engine.cli;

import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how much of a model is quantized: a bar on a terminal, a line now and then elsewhere. */
sealed interface QuantizeProgress extends AutoCloseable {
  /** Takes note of the elements written so far. */
  void show(long written);

  @Override
  void close();

  /** Chooses by what the launcher says of standard error, to which {@code err} must write. */
  static QuantizeProgress of(long elements, PrintWriter err) {
    return Boolean.getBoolean("sparkllama.terminal") ? new Bar(elements) : new Lines(elements, err);
  }

  /** Draws a bar with the time left. */
  final class Bar implements QuantizeProgress {
    private static final int WIDTH = 80;
    private static final long MILLION = 1_000_000;

    private final ProgressBar bar;

    Bar(long elements) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("weights")
              .setInitialMax(elements)
              .setUnit(" M", MILLION)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(200)
              .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
              .build();
    }

    @Override
    public void show(long written) {
      bar.stepTo(written);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  /** Writes a line every two seconds, so that short runs say nothing. */
  final class Lines implements QuantizeProgress {
    private static final long NANOS_BETWEEN_LINES = 2_000_000_000L;

    private final long elements;
    private final PrintWriter err;
    private long nextLine = System.nanoTime() + NANOS_BETWEEN_LINES;

    Lines(long elements, PrintWriter err) {
      this.elements = elements;
      this.err = err;
    }

    @Override
    public void show(long written) {
      long now = System.nanoTime();
      if (now - nextLine >= 0) {
        nextLine = now + NANOS_BETWEEN_LINES;
        err.println(
            String.format(Locale.ROOT, "%d%% of %,d weights", 100 * written / elements, elements));
      }
    }

    @Override
    public void close() {}
  }
}
