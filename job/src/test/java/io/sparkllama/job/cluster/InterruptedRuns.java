package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Submits one job again and again, each time to be interrupted at a moment of its own, and then to
 * its end.
 */
final class InterruptedRuns implements AutoCloseable {
  private final TicketJob tickets;
  private final EngineReports reports;
  private final JobFolder folder;
  private final Path jobFile;
  private final StandaloneCluster cluster;
  private final RandomMoments moments;
  private int runs;

  /** Starts a cluster for the job, with all its files in a directory. */
  InterruptedRuns(Path directory, UndisturbedRun undisturbed, RandomMoments moments)
      throws IOException, InterruptedException {
    this.moments = moments;
    tickets = TicketJob.ofAll(directory, undisturbed.documents());
    reports = EngineReports.in(directory.resolve("metrics"));
    folder = new JobFolder(tickets.output());
    jobFile = tickets.write(List.of(reports.settings()));
    cluster = StandaloneCluster.ofOneWorker(directory);
  }

  /** Ends a run from outside. */
  interface Fault {
    void strike(SubmittedJob run) throws IOException, InterruptedException;
  }

  /** Draws when runs are hit: so many while the input is taken in, and then others in any order. */
  List<DriverMoment> plan(int intakes, int generations, int commits) {
    List<DriverMoment> later = new ArrayList<>();
    later.addAll(Collections.nCopies(generations, DriverMoment.GENERATION));
    later.addAll(Collections.nCopies(commits, DriverMoment.COMMIT));
    List<DriverMoment> plan = new ArrayList<>();
    plan.addAll(Collections.nCopies(intakes, DriverMoment.INTAKE));
    plan.addAll(moments.shuffled(later));
    return plan;
  }

  /** Submits the job, and lets a fault strike at a moment. */
  void interrupt(DriverMoment moment, Fault fault) throws IOException, InterruptedException {
    try (SubmittedJob run = submit()) {
      moment.await(run, folder, reports, moments);
      fault.strike(run);
      JobFolder.Progress left = folder.progress();
      System.out.printf(
          "run %d hit in its %s: %s, %d rows answered%n", runs, moment, left, reports.answered());
    }
  }

  /** Submits the job for the last time: it comes to its end. */
  void finish() throws IOException, InterruptedException {
    try (SubmittedJob run = submit(TicketJob.FEW_BATCHES)) {
      SubmittedJob.Run end = run.await();
      assertThat(end.exitCode()).as(end.errors()).isZero();
    }
  }

  private SubmittedJob submit(String... overrides) throws IOException {
    runs++;
    return SubmittedJob.start(
        new Submission(tickets.directory(), "run" + runs, cluster.master(), jobFile)
            .with(List.of(overrides))
            .withExecutorClasses(reports.classes()));
  }

  /** Checks that the output is that of a run that nothing disturbs, to the byte. */
  void assertAnswers(UndisturbedRun undisturbed) throws IOException, InterruptedException {
    assertThat(Answers.read(tickets.output())).isEqualTo(undisturbed.answers());
  }

  /** Checks that no fault cost more than the rows of the micro-batch that was under way. */
  void assertLittleIsRedone(int faults) throws IOException {
    long redone = reports.answered() - TicketJob.ROWS;
    System.out.printf(
        "%d faults: of %d rows %d were answered again%n", faults, TicketJob.ROWS, redone);
    assertThat(redone).isBetween(0L, (long) faults * TicketJob.ROWS_OF_A_BATCH);
  }

  @Override
  public void close() {
    cluster.close();
  }
}
