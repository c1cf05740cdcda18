package io.sparkllama.job.report;

import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounts;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Shows a job's progress at an interval, from its beginning until it is closed. */
public final class ProgressReporter implements AutoCloseable {
  private final ProgressDisplay display;
  private final Supplier<GenerationCounts> counts;
  private final Supplier<Optional<EngineUse>> engines;
  private final long start = System.nanoTime();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "sparkllama-progress");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * Starts to show.
   *
   * @param counts of what is done by now; asked on another thread
   * @param engines how they are used; asked there, too
   */
  public ProgressReporter(
      ProgressDisplay display,
      Supplier<GenerationCounts> counts,
      Supplier<Optional<EngineUse>> engines) {
    this.display = display;
    this.counts = counts;
    this.engines = engines;
    long interval = display.interval().toMillis();
    var unused =
        clock.scheduleWithFixedDelay(this::show, interval, interval, TimeUnit.MILLISECONDS);
  }

  /** Shows the last state and ends the display. */
  @Override
  public void close() {
    clock.shutdown();
    try {
      if (!clock.awaitTermination(5, TimeUnit.SECONDS)) {
        clock.shutdownNow();
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    show();
    display.close();
  }

  private void show() {
    display.show(counts.get(), engines.get(), Duration.ofNanos(System.nanoTime() - start));
  }
}
