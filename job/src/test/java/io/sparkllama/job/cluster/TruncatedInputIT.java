package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Cuts the input's files off while a job answers their rows: it has taken them before. */
@ExtendWith(UndisturbedRun.Resolver.class)
class TruncatedInputIT {
  @TempDir Path directory;

  @Test
  void theJobAnswersWhatItHadTaken(UndisturbedRun undisturbed) throws Exception {
    Path documents = Files.createDirectories(directory.resolve("documents"));
    TicketJob original = TicketJob.ofFirstCopy(directory, undisturbed.documents());
    for (Path file : files(original.documents())) {
      Files.copy(file, documents.resolve(file.getFileName()));
    }
    TicketJob tickets = original.withDocuments(documents);
    try (SubmittedJob job =
        SubmittedJob.start(
            new Submission(directory, "job", "local[2]", tickets.write(List.of())))) {
      new JobFolder(tickets.output()).awaitCommit(job);
      for (Path file : files(documents)) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.truncate(channel.size() / 2);
        }
      }
      SubmittedJob.Run run = job.await();
      assertThat(run.exitCode()).as(run.errors()).isZero();
    }
    assertThat(Answers.read(tickets.output())).isEqualTo(undisturbed.answersOfFirstCopy());
  }

  private static List<Path> files(Path folder) throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".parquet")).toList();
    }
  }
}
