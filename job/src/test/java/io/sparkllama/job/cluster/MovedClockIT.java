package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Moves the times of files between two runs of one job, as a clock that is set again does. */
@ExtendWith(UndisturbedRun.Resolver.class)
class MovedClockIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  /** What the first run has written is then two days ahead of the second. */
  @Test
  void aRunAfterTheClockWasSetBackGoesOn(UndisturbedRun undisturbed) throws Exception {
    TicketJob tickets = ticketsOf(undisturbed);
    killAfterACommit(tickets);
    move(files(tickets.output()), Duration.ofDays(2));
    assertGoesOn(tickets, undisturbed);
  }

  /** Spark leaves out files that are a week older than others, unless it is told not to. */
  @Test
  void workThatIsAYearOldIsAnswered(UndisturbedRun undisturbed) throws Exception {
    TicketJob tickets = ticketsOf(undisturbed);
    killAfterACommit(tickets);
    List<Path> work =
        files(tickets.output().resolve("_sparkllama")).stream()
            .filter(file -> file.toString().endsWith(".parquet"))
            .toList();
    assertThat(work).hasSizeGreaterThan(1);
    move(work.subList(1, work.size()), Duration.ofDays(-365));
    assertGoesOn(tickets, undisturbed);
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void move(List<Path> files, Duration by) throws IOException {
    FileTime time = FileTime.from(Instant.now().plus(by));
    for (Path file : files) {
      Files.setLastModifiedTime(file, time);
    }
  }

  private TicketJob ticketsOf(UndisturbedRun undisturbed) {
    return TicketJob.ofFirstCopy(directory, undisturbed.documents());
  }

  private void killAfterACommit(TicketJob tickets) throws Exception {
    try (SubmittedJob first = start("first", tickets)) {
      new JobFolder(tickets.output()).awaitCommit(first);
      first.driver().kill();
      first.driver().awaitEnd(PATIENCE);
    }
  }

  private void assertGoesOn(TicketJob tickets, UndisturbedRun undisturbed) throws Exception {
    try (SubmittedJob second = start("second", tickets)) {
      SubmittedJob.Run run = second.await();
      assertThat(run.exitCode()).as(run.errors()).isZero();
    }
    assertThat(Answers.read(tickets.output())).isEqualTo(undisturbed.answersOfFirstCopy());
  }

  private SubmittedJob start(String name, TicketJob tickets) throws Exception {
    return SubmittedJob.start(
        new Submission(directory, name, "local[2]", tickets.write(List.of())));
  }
}
