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
 *
 * @param directory with the documents, removed at the end of all tests
 * @param answers every row with all its columns
 */
record UndisturbedRun(Path directory, List<String> answers) implements AutoCloseable {

  Path documents() {
    return directory.resolve("documents");
  }

  /** Returns what is answered where the first copy of the documents is all that there is. */
  List<String> answersOfFirstCopy() {
    List<String> some = answers.stream().filter(TicketJob::isOfFirstCopy).toList();
    assertThat(some).hasSize(TicketJob.ROWS_OF_A_COPY);
    return some;
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
          .getOrComputeIfAbsent(UndisturbedRun.class, type -> run(), UndisturbedRun.class);
    }
  }

  private static UndisturbedRun run() {
    try {
      Path directory = Files.createTempDirectory("undisturbed");
      TicketJob job = TicketJob.ofAll(directory, directory.resolve("documents"));
      SparkSession spark = LocalSpark.session();
      try {
        TicketJob.writeDocuments(spark, job.documents());
        SubmittedJob.Run run =
            SubmittedJob.submit(directory, "undisturbed", "local[2]", job.write(List.of()));
        assertThat(run.exitCode()).as(run.errors()).isZero();
        List<String> answers = Answers.read(spark, job.output());
        assertThat(answers).hasSize(TicketJob.ROWS).doesNotHaveDuplicates();
        return new UndisturbedRun(directory, answers);
      } finally {
        spark.stop();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
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
