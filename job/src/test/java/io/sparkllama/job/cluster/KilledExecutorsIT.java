package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills executors of one job, twenty times, at random moments: the job goes on by itself, and its
 * answers are those of a run that nothing disturbs.
 */
@Tag("chaos")
@ExtendWith(UndisturbedRun.Resolver.class)
class KilledExecutorsIT {
  private static final int KILLS = 20;

  /** Is when the last executor dies: later, the job might be at its end. */
  private static final long LAST = TicketJob.ROWS * 9L / 10;

  /** An executor may thus die while it starts, too. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

  /** One task may be hit by many of the kills, which Spark takes for faults of its own. */
  private static final String FAILURES = "spark.task.maxFailures = " + 2 * KILLS;

  @TempDir Path directory;

  @Test
  void theJobGoesOnAndRedoesOnlyTasksThatRan(UndisturbedRun undisturbed) throws Exception {
    TicketJob tickets = TicketJob.ofAll(directory, undisturbed.documents());
    EngineReports reports = EngineReports.in(directory.resolve("metrics"));
    Path jobFile = tickets.write(List.of(reports.settings(), FAILURES));
    try (StandaloneCluster cluster = StandaloneCluster.start(directory);
        SubmittedJob job =
            SubmittedJob.start(
                new Submission(directory, "killed", cluster.master(), jobFile)
                    .withExecutorClasses(reports.classes()))) {
      RandomMoments moments = RandomMoments.of(KilledExecutorsIT.class);
      for (long rows : moments.rising(KILLS, LAST)) {
        awaitRows(reports, rows, job);
        moments.sleepAtMost(LONGEST_WAIT);
        moments.oneOf(cluster.awaitExecutors(job)).destroyForcibly(); // by SIGKILL
      }
      SubmittedJob.Run run = job.await();
      assertThat(run.exitCode()).as(run.errors()).isZero();
      MappedWeights.awaitNone(directory); // nor has a worker outlived its killed executor
    }
    assertThat(Answers.read(tickets.output())).isEqualTo(undisturbed.answers());
    long redone = reports.answered() - TicketJob.ROWS;
    System.out.printf(
        "%d executors killed: of %d rows %d were answered again%n", KILLS, TicketJob.ROWS, redone);
    assertThat(redone).isBetween(0L, (long) KILLS * TicketJob.ROWS_OF_A_TASK);
  }

  private static void awaitRows(EngineReports reports, long rows, SubmittedJob job)
      throws Exception {
    while (reports.answered() < rows) {
      job.requireRunning("all executors were killed that should be");
      Thread.sleep(50);
    }
  }
}
