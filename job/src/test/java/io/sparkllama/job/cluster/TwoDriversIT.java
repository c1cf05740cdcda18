package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Lets two jobs want one output: one of them has it, and the rows are those of one run. */
@Tag("chaos")
@ExtendWith(UndisturbedRun.Resolver.class)
class TwoDriversIT {
  private static final int FAILURE = 1;

  /** Batches of so few rows take long: the run must last until another has watched it for 10 s. */
  private static final String SLOW = "output.batch-rows=10";

  @TempDir Path directory;

  /**
   * A driver stands still as where a virtual machine is moved: nobody can tell such a process from
   * one that is gone, so that the next waits a minute for it. What follows a killed one at once is
   * in {@link KilledDriverIT}.
   */
  @Test
  void theSecondIsRefusedWhileTheFirstRunsAndReplacesItWhenItStandsStill(UndisturbedRun undisturbed)
      throws Exception {
    TicketJob tickets = TicketJob.ofFirstCopy(directory, undisturbed.documents());
    Path jobFile = tickets.write(List.of());
    try (SubmittedJob first = start("first", jobFile, SLOW)) {
      new JobFolder(tickets.output()).awaitCommit(first);
      SubmittedJob.Run second = run("second", jobFile);
      assertThat(second.exitCode()).as(second.errors()).isEqualTo(FAILURE);
      assertThat(second.errors().lines().filter(line -> line.startsWith("error: ")))
          .hasSize(1)
          .allSatisfy(
              line ->
                  assertThat(line)
                      .contains("Another run writes", "process " + first.driver().id() + " "));
      first.requireRunning("it was held up");

      signal("STOP", first);
      SubmittedJob.Run third = run("third", jobFile);
      assertThat(third.exitCode()).as(third.errors()).isZero();
      assertThat(Answers.read(tickets.output())).isEqualTo(undisturbed.answersOfFirstCopy());

      signal("CONT", first);
      SubmittedJob.Run replaced = first.await();
      assertThat(replaced.exitCode()).as(replaced.errors()).isEqualTo(FAILURE);
    }
    assertThat(Answers.read(tickets.output())).isEqualTo(undisturbed.answersOfFirstCopy());
  }

  private static void signal(String name, SubmittedJob job)
      throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + job.driver().id()).start();
    assertThat(kill.waitFor()).isZero();
  }

  private SubmittedJob.Run run(String name, Path jobFile) throws Exception {
    try (SubmittedJob job = start(name, jobFile)) {
      return job.await();
    }
  }

  private SubmittedJob start(String name, Path jobFile, String... overrides) throws Exception {
    return SubmittedJob.start(
        new Submission(directory, name, "local[2]", jobFile).with(List.of(overrides)));
  }
}
