package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.job.LocalSpark;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Stops a submitted job by its tokens, with two executors that hear of it from the driver, and goes
 * on with it: the answers are those of one run.
 */
class LimitIT {
  private static final String CLUSTER = "local-cluster[2,1,1024]";

  /** Far fewer than the 3,080 messages take, and far more than two tasks have in flight. */
  private static final long TOKENS = 40_000;

  /** What 2 tasks of 128 rows may add, of 100 tokens at most, and a second of the engine. */
  private static final long OVERSHOOT = 60_000;

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
  void executorsHearOfTheLimitAndTheJobIsGoneOnWith() throws Exception {
    JobFileText files = new JobFileText(directory, BankingMessages.model(), BankingMessages.all());
    Path job = files.sampled();
    Path whole = directory.resolve("whole");
    assertThat(submit("whole", job, "output.path=" + whole).exitCode()).isZero();

    SubmittedJob.Run stopped = submit("stopped", job, "limit.tokens=" + TOKENS);
    assertThat(stopped.exitCode()).as(stopped.errors()).isEqualTo(75);
    JsonNode summary = new ObjectMapper().readTree(stopped.output());
    assertThat(summary.get("stopped_by").asText()).isEqualTo("limit.tokens");
    long used =
        summary.get("prompt_tokens").asLong()
            - summary.get("cached_tokens").asLong()
            + summary.get("completion_tokens").asLong();
    assertThat(used).isBetween(TOKENS - 5_000, TOKENS + OVERSHOOT);
    assertThat(summary.get("rows").asLong() + summary.get("rows_left").asLong())
        .isEqualTo(BankingMessages.ROWS);

    SubmittedJob.Run resumed = submit("resumed", job, "output.mode=resume");
    assertThat(resumed.exitCode()).as(resumed.errors()).isZero();
    List<String> answers = Answers.read(spark, directory.resolve("sampled.parquet"));
    assertThat(answers).hasSize(BankingMessages.ROWS).isEqualTo(Answers.read(spark, whole));
  }

  private SubmittedJob.Run submit(String name, Path job, String... overrides) throws Exception {
    return SubmittedJob.submit(directory, name, CLUSTER, job, overrides);
  }
}
