package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.config.JobFile;
import io.sparkllama.job.durable.Intake;
import io.sparkllama.job.durable.LockTimes;
import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.durable.RunControl;
import io.sparkllama.job.durable.RunLock;
import io.sparkllama.job.durable.StopRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Takes rows of files that are written to while they are read. */
class JobIntakeTest {
  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void aTryThatCountsForNothingLeavesNoRows() throws Exception {
    Path input = Files.createDirectories(folder.resolve("in"));
    Path growing = Files.writeString(input.resolve("a.json"), rows(0, 5));
    assertThat(take(growing)).isZero();
    assertThat(rowsOfWork()).isZero();
    // And where rows of another file are taken, and then wait for their answers.
    Files.writeString(input.resolve("b.json"), rows(5, 8));
    assertThat(take(growing)).isEqualTo(3);
    assertThat(rowsOfWork()).isEqualTo(3);
    assertThat(take(growing)).isZero();
    assertThat(rowsOfWork()).isEqualTo(3);
  }

  /** Takes what is new, of which one file grows between being counted and being read. */
  private long take(Path growing) throws Exception {
    String job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input { path = "%s", format = json, key = id }
        prompt.template = "{{ text }}"
        generation.max-tokens = 2
        output.path = "%s"
        """
            .formatted(SharedModel.stories(), cache, folder.resolve("in"), folder.resolve("out"));
    JobConfig config = JobConfig.of(JobFile.readText(job, List.of()));
    Optional<OutputFolder> output = JobOutput.checked(config, spark);
    StopRequest never = new StopRequest();
    try (RunLock lock = RunLock.acquire(output.orElseThrow(), "app", LockTimes.USUAL, never)) {
      RunControl control = new RunControl(lock, never);
      PreparedJob prepared = PreparedJob.of(config, spark, output, RowOrigin.INPUT);
      new DurableRun(config, prepared, output.get(), spark, control).begin();
      Files.writeString(growing, Files.readString(growing) + rows(100, 101));
      Intake intake =
          new Intake(prepared.earlier().orElseThrow().folder(), config.durable(), control);
      return new JobIntake(prepared, intake).take().rows();
    }
  }

  private static String rows(int from, int to) {
    StringBuilder rows = new StringBuilder();
    for (int i = from; i < to; i++) {
      rows.append("{\"id\":%d,\"text\":\"t\"}\n".formatted(i));
    }
    return rows.toString();
  }

  /** Counts the rows that a query over all files of work would answer. */
  private long rowsOfWork() throws Exception {
    long rows = 0;
    try (Stream<Path> files = Files.walk(folder.resolve("out/_sparkllama"))) {
      for (Path file : files.filter(JobIntakeTest::isOfWork).toList()) {
        rows += spark.read().parquet(file.toString()).count();
      }
    }
    return rows;
  }

  private static boolean isOfWork(Path file) {
    return file.toString().contains("/work/intake=")
        && file.getFileName().toString().startsWith("part-");
  }
}
