package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Lets two jobs want one output: one of them has it, and the rows are those of one run. */
@ExtendWith(UndisturbedRun.Resolver.class)
class TwoDriversIT {
  private static final int FAILURE = 1;
  private static final int REFUSED = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;
  private SparkSession spark;

  @BeforeEach
  void start() {
    spark = LocalSpark.session();
  }

  @AfterEach
  void stop() {
    spark.stop();
  }

  @Test
  void theSecondIsRefusedAndFollowsAtOnceWhenTheFirstIsKilled(UndisturbedRun undisturbed)
      throws Exception {
    // All of the rows: the first must still run when the second has watched it for ten seconds.
    TicketJob tickets = TicketJob.ofAll(directory, undisturbed.documents());
    Path jobFile = tickets.write(List.of());
    try (SubmittedJob first = start("first", jobFile)) {
      new JobFolder(tickets.output()).awaitCommit(first);
      SubmittedJob.Run second = run("second", jobFile);
      assertThat(second.exitCode()).as(second.errors()).isEqualTo(REFUSED);
      assertThat(second.errors().lines().filter(line -> line.startsWith("error: ")))
          .hasSize(1)
          .allSatisfy(line -> assertThat(line).contains(String.valueOf(first.driver().id())));
      first.driver().kill();
      first.driver().awaitEnd(PATIENCE);
    }
    SubmittedJob.Run third = run("third", jobFile);
    assertThat(third.exitCode()).as(third.errors()).isZero();
    assertThat(Answers.read(spark, tickets.output())).isEqualTo(undisturbed.answers());
  }

  /**
   * As where a virtual machine is moved: nobody can tell such a process from one that is gone. The
   * second waits a minute for it.
   */
  @Test
  @Tag("chaos")
  void aDriverThatStoodStillWritesNothingMoreWhenAnotherHasTakenOver(UndisturbedRun undisturbed)
      throws Exception {
    TicketJob tickets = ticketsOf(undisturbed);
    Path jobFile = tickets.write(List.of());
    try (SubmittedJob first = start("first", jobFile)) {
      new JobFolder(tickets.output()).awaitCommit(first);
      signal("STOP", first);
      SubmittedJob.Run second = run("second", jobFile);
      assertThat(second.exitCode()).as(second.errors()).isZero();
      assertThat(Answers.read(spark, tickets.output())).isEqualTo(undisturbed.answersOfFirstCopy());

      signal("CONT", first);
      SubmittedJob.Run replaced = first.await();
      assertThat(replaced.exitCode()).as(replaced.errors()).isEqualTo(FAILURE);
    }
    assertThat(Answers.read(spark, tickets.output())).isEqualTo(undisturbed.answersOfFirstCopy());
  }

  private TicketJob ticketsOf(UndisturbedRun undisturbed) {
    return TicketJob.ofFirstCopy(directory, undisturbed.documents());
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

  private SubmittedJob start(String name, Path jobFile) throws Exception {
    return SubmittedJob.start(new Submission(directory, name, "local[2]", jobFile));
  }
}
