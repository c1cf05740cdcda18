package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs jobs that write no dead letters in worker processes that end at some rows: a few rows have
 * their error, more end the job. An engine counts for itself, so each job has one of its own.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SetAsideBoundTest {
  private static final String FATAL = " \u03be";

  private static SparkSession spark;
  private static Path faulty;

  @TempDir static Path shared;
  @TempDir Path folder;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.session();
    int token = FaultyWorker.tokenOf(SharedModel.stories(), "Number 7" + FATAL, "Number 7");
    faulty = FaultyWorker.in(shared.resolve("faulty"), List.of("abort " + token)).folder();
  }

  @Test
  void aFewRowsHaveTheirError() throws Exception {
    JobProcess run = run(30, 20, "engine.max-sequences=7", "input.partitions=10", "--json");

    assertThat(run.code()).as(run.err()).isZero();
    JsonNode summary = new ObjectMapper().readTree(run.out());
    assertThat(summary.get("rows").asInt()).isEqualTo(30);
    assertThat(summary.get("errors").asInt()).isEqualTo(20);
  }

  /** No partition has as many. */
  @Test
  void moreOfAllPartitionsEndTheJob() throws Exception {
    JobProcess run = run(60, 40, "engine.max-sequences=6", "input.partitions=10");

    assertThat(run.code()).as(run.err()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("error: The native engine cannot run too many rows")
        .containsPattern("Set aside were 2\\d of [2-6]\\d requests, where 20 or 0.1% are allowed")
        .contains("signal 6 (abort)")
        .doesNotContain("\tat ");
  }

  @Test
  void theTrialOfAPlanEndsAsSoon() throws Exception {
    JobProcess run = run(600, 600, "engine.max-sequences=5", "--plan");

    assertThat(run.code()).as(run.err()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .startsWith("error: The native engine cannot run too many rows")
        .containsPattern("Set aside were 2\\d of 2\\d requests")
        .contains("signal 6 (abort)");
  }

  private JobProcess run(int rows, int fatal, String... settings) throws Exception {
    Path input = folder.resolve("in");
    spark
        .range(0, rows, 1, 4)
        .selectExpr("concat('Number ', id, if(id < " + fatal + ", '" + FATAL + "', '')) as text")
        .write()
        .parquet(input.toString());
    String job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input.path = "%s"
        prompt.template = "{{ text }}"
        generation.max-tokens = 2
        output { path = "%s", format = noop, mode = overwrite }
        """
            .formatted(
                SharedModel.stories(), shared.resolve("models"), input, folder.resolve("out"));
    List<String> all = new ArrayList<>(new FaultyWorker(faulty).settings());
    all.addAll(List.of(settings));
    return JobProcess.run(folder, job, all.toArray(String[]::new));
  }
}
