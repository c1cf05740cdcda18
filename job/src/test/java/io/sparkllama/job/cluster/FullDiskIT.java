package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lets the output's disk run full while a job takes its input in, and while it writes its answers:
 * it says so, and the same command goes on when there is space.
 */
@Tag("chaos")
@ExtendWith(UndisturbedRun.Resolver.class)
class FullDiskIT {
  private static final long DISK = 32 << 20;

  /** Less than the texts of the documents take. */
  private static final long TOO_LITTLE_FOR_THE_INTAKE = 64 << 10;

  /** Takes the rest of the work files, and some of the answers. */
  private static final long TOO_LITTLE_FOR_THE_ANSWERS = 96 << 10;

  private static final int FAILURE = 1;

  @TempDir Path directory;

  @Test
  void theJobSaysSoAndGoesOnWhenThereIsSpace(UndisturbedRun undisturbed) throws Exception {
    Path disk = directory.resolve("disk");
    try (SmallFileSystem space = SmallFileSystem.mount(disk, DISK)) {
      TicketJob tickets =
          TicketJob.ofFirstCopy(directory, undisturbed.documents())
              .withOutput(disk.resolve("answers"));
      Path jobFile = tickets.write(List.of());
      JobFolder folder = new JobFolder(tickets.output());

      space.leave(TOO_LITTLE_FOR_THE_INTAKE);
      assertSaysThatTheDiskIsFull(run("intake", jobFile));
      assertThat(folder.progress().committedBatches()).isZero();

      space.leaveAll();
      try (SubmittedJob job = start("answers", jobFile)) {
        folder.awaitCommit(job);
        space.leave(TOO_LITTLE_FOR_THE_ANSWERS);
        assertSaysThatTheDiskIsFull(job.await());
      }
      assertThat(folder.progress().committedBatches()).isPositive();

      space.leaveAll();
      SubmittedJob.Run last = run("last", jobFile);
      assertThat(last.exitCode()).as(last.errors()).isZero();
      assertThat(Answers.read(tickets.output())).isEqualTo(undisturbed.answersOfFirstCopy());
    }
  }

  private static void assertSaysThatTheDiskIsFull(SubmittedJob.Run run) {
    assertThat(run.exitCode()).as(run.errors()).isEqualTo(FAILURE);
    assertThat(run.errors().lines().filter(line -> line.startsWith("error: ")))
        .hasSize(1)
        .allSatisfy(line -> assertThat(line).contains("No space left on device"));
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
