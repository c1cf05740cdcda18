package io.sparkllama.job.limit;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells one task whether it may begin further rows. A thread of its own reports to the driver, so
 * that the task never waits for an answer while rows are in flight; between two answers the task's
 * own tokens count at once, those of others when the driver has told of them.
 *
 * <p>Without an answer from the driver what it said last holds, at the beginning "go on": a run may
 * then go further than its limits, but no task fails or hangs.
 */
public final class BudgetGate implements RowGate {
  private static final Logger LOG = LoggerFactory.getLogger(BudgetGate.class);
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /**
   * Is an answer of the driver.
   *
   * @param left tokens for all tasks
   * @param reported tokens of this task that are in it
   */
  private record Answer(long left, long reported) {}

  private final ReportLine line;
  private final long run;
  private final long task;
  private final CountDownLatch firstAnswer = new CountDownLatch(1);
  private final ScheduledExecutorService reporter =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "sparkllama-limits");
            thread.setDaemon(true);
            return thread;
          });
  private volatile Answer answer = new Answer(Long.MAX_VALUE, 0);
  private volatile long used;
  private boolean warned; // the reporter's alone

  /**
   * Begins to report.
   *
   * @param task unique among all attempts of all tasks
   */
  public BudgetGate(ReportLine line, long run, long task) {
    this(line, run, task, INTERVAL);
  }

  BudgetGate(ReportLine line, long run, long task, Duration interval) {
    this.line = line;
    this.run = run;
    this.task = task;
    var unused =
        reporter.scheduleWithFixedDelay(
            this::report, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void awaitAnswer(Duration longest) throws InterruptedException {
    if (!firstAnswer.await(longest.toMillis(), TimeUnit.MILLISECONDS)) {
      LOG.warn("No answer from the driver about the run's limits; the task begins without one.");
    }
  }

  @Override
  public void used(long tokens) {
    used = tokens;
  }

  @Override
  public boolean isOpen() {
    Answer last = answer;
    return last.left() > Math.max(0, used - last.reported());
  }

  /** Reports once more, on its own thread, and ends. */
  @Override
  public void close() {
    if (!reporter.isShutdown()) {
      reporter.execute(this::report);
      reporter.shutdown();
    }
  }

  private void report() {
    long tokens = used;
    try {
      answer = new Answer(line.report(run, task, tokens), tokens);
      firstAnswer.countDown();
    } catch (Exception unanswered) {
      if (!warned) {
        LOG.warn("The driver does not answer about the run's limits: {}", unanswered.toString());
        warned = true;
      }
    } catch (Error broken) { // ends the reports, and nobody waits for what becomes of them
      LOG.error("The task hears no more of the run's limits", broken);
      throw broken;
    }
  }
}
