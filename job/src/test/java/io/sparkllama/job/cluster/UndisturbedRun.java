package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Holds what a job answers that nothing disturbs: run once, in one process, for all tests that
 * disturb the same job.
 */
final class UndisturbedRun implements AutoCloseable {
  private final Path directory;
  private List<String> answers; // null until somebody asks
  private List<String> answersOfFirstCopy; // likewise

  /**
   * @param directory with the documents, removed at the end of all tests
   */
  private UndisturbedRun(Path directory) {
    this.directory = directory;
  }

  Path documents() {
    return directory.resolve("documents");
  }

  /** Returns every row with all its columns. */
  List<String> answers() throws IOException, InterruptedException {
    if (answers == null) {
      answers = answersOf(TicketJob.ofAll(folder("all"), documents()));
    }
    return answers;
  }

  /** Returns the same where the first copy of the documents is all that there is. */
  List<String> answersOfFirstCopy() throws IOException, InterruptedException {
    if (answers != null) {
      List<String> some = answers.stream().filter(TicketJob::isOfFirstCopy).toList();
      assertThat(some).hasSize(TicketJob.ROWS_OF_A_COPY);
      return some;
    }
    if (answersOfFirstCopy == null) {
      answersOfFirstCopy = answersOf(TicketJob.ofFirstCopy(folder("first"), documents()));
    }
    return answersOfFirstCopy;
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  private static List<String> answersOf(TicketJob job) throws IOException, InterruptedException {
    SubmittedJob.Run run =
        SubmittedJob.submit(
            job.directory(),
            "undisturbed",
            "local[2]",
            job.write(List.of()),
            TicketJob.FEW_BATCHES);
    assertThat(run.exitCode()).as(run.errors()).isZero();
    List<String> answers = Answers.read(job.output());
    assertThat(answers).hasSize(job.rows()).doesNotHaveDuplicates();
    return answers;
  }

  /** Gives the run to whoever asks. */
  static final class Resolver implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == UndisturbedRun.class;
    }

    @Override
    public UndisturbedRun resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.create(UndisturbedRun.class))
          .getOrComputeIfAbsent(
              UndisturbedRun.class, type -> withDocuments(), UndisturbedRun.class);
    }
  }

  private static UndisturbedRun withDocuments() {
    try {
      // Beside the jar, and not where systems and people tidy up: tests read it for minutes.
      Path target = Path.of(System.getProperty("sparkllama.job-jar")).toAbsolutePath().getParent();
      UndisturbedRun run = new UndisturbedRun(Files.createTempDirectory(target, "undisturbed"));
      SparkSession spark = LocalSpark.session();
      try {
        TicketJob.writeDocuments(spark, run.documents());
      } finally {
        spark.stop();
      }
      return run;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes the directory. */
  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
