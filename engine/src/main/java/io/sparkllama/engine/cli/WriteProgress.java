package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.ByteCount;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows how much of a file is written: a bar on a terminal, a line now and then elsewhere. */
sealed interface WriteProgress extends AutoCloseable {
  /** Takes note of the bytes written so far, and of all. */
  void show(long written, long total);

  @Override
  void close();

  /** Chooses by what the launcher says of standard error, to which {@code err} must write. */
  static WriteProgress of(PrintWriter err) {
    return Boolean.getBoolean("sparkllama.terminal") ? new Bar() : new Lines(err);
  }

  /** Draws a bar with the time left, from the first bytes on. */
  final class Bar implements WriteProgress {
    private static final int WIDTH = 80;
    private static final long MEBIBYTE = 1 << 20;

    private ProgressBar bar;

    @Override
    public void show(long written, long total) {
      if (bar == null) {
        bar =
            new ProgressBarBuilder()
                .setTaskName("writing")
                .setInitialMax(total)
                .setUnit(" MiB", MEBIBYTE)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
                .build();
      }
      bar.stepTo(written);
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
      }
    }
  }

  /** Writes a line every two seconds, so that short work says nothing. */
  final class Lines implements WriteProgress {
    private static final long NANOS_BETWEEN_LINES = 2_000_000_000L;

    private final PrintWriter err;
    private long nextLine = System.nanoTime() + NANOS_BETWEEN_LINES;

    Lines(PrintWriter err) {
      this.err = err;
    }

    @Override
    public void show(long written, long total) {
      long now = System.nanoTime();
      if (now - nextLine >= 0) {
        nextLine = now + NANOS_BETWEEN_LINES;
        err.println(
            String.format(
                Locale.ROOT, "%d%% of %s", 100 * written / total, ByteCount.readable(total)));
      }
    }

    @Override
    public void close() {}
  }
}
