package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Asks a job's process to end, by SIGTERM, before it has done anything, and where its output has no
 * batches: it does so soon, and says how to go on.
 */
class TerminatedJobIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Less than {@link #GRACE}, after which it would be ended from outside. */
  private static final Duration SOON = Duration.ofSeconds(90);

  private static final String GRACE = "limit.shutdown-grace=120";

  private static final int RESUMABLE = 75;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "parquet, resume, Running Spark version, goes on",
    "noop, overwrite, Running Spark version, begins anew",
    "noop, overwrite, Packed the model in, begins anew" // the tasks' engine: rows are next
  })
  void itEndsSoon(String format, String mode, String moment, String remedy) throws Exception {
    SparkSession spark = LocalSpark.session();
    Path documents = directory.resolve("documents");
    try {
      TicketJob.writeDocuments(spark, documents);
    } finally {
      spark.stop();
    }
    Path jobFile = TicketJob.ofAll(directory, documents).write(List.of());
    Submission submission =
        new Submission(directory, "terminated", "local[2]", jobFile)
            .with(List.of("output.format=" + format, "output.mode=" + mode, GRACE));
    try (SubmittedJob job = SubmittedJob.start(submission)) {
      job.driver().awaitText(Pattern.compile(moment), 1, PATIENCE);
      job.driver().terminate();
      int code = job.driver().awaitEnd(SOON);
      String errors = job.driver().errors();
      assertThat(code).as(errors).isEqualTo(RESUMABLE);
      assertThat(errors.lines().filter(line -> line.startsWith("The run was stopped by SIGTERM")))
          .as(errors)
          .hasSize(1)
          .allMatch(line -> line.contains(remedy));
      MappedWeights.awaitNone(directory);
    }
  }
}
