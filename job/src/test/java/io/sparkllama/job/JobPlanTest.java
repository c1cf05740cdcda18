package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.job.config.JobFile;
import io.sparkllama.job.durable.StopRequest;
import io.sparkllama.job.pipeline.TrialLimits;
import io.sparkllama.job.prediction.JobPrediction;
import io.sparkllama.job.report.JobSummary;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Holds a plan to what the run then does, on a really trained model. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class JobPlanTest {
  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;

  private String job;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void prepare() {
    Path input = folder.resolve("in");
    // 300 rows of 200 prompts, that begin alike and are of many lengths.
    spark
        .range(300)
        .selectExpr(
            "concat('Once upon a time there was ', repeat('a big red dog and ', int(id % 200 %"
                + " 7)), ' number ', id % 200) as text",
            "id")
        .write()
        .parquet(input.toString());
    job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input.path = "%s"
        prompt.template = "{{ text }}"
        generation.max-tokens = 12
        output { path = "%s", mode = overwrite }
        """
            .formatted(SharedModel.stories(), cache, input, folder.resolve("out"));
  }

  @Test
  void tokensArePredictedAsTheRunCountsThem() throws Exception {
    JobProcess plan = JobProcess.run(folder, job, "--plan", "--json");
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(folder.resolve("out")).doesNotExist();
    JsonNode predicted = new ObjectMapper().readTree(plan.out());
    JsonNode done =
        new ObjectMapper()
            .readTree(JobProcess.run(folder, job, "engine.threads=1", "--json").out());
    assertThat(predicted.get("rows").asLong()).isEqualTo(300);
    assertThat(predicted.get("distinct_prompts").asLong()).isEqualTo(200);
    assertThat(predicted.get("sample_rows").asLong()).isEqualTo(200);
    for (String name : List.of("prompt_tokens", "cached_tokens", "completion_tokens")) {
      double outcome = done.get(name).asDouble();
      assertThat(predicted.get(name).get("predicted").asDouble())
          .as(name)
          .isCloseTo(outcome, within(0.1 * outcome));
    }
    assertThat(predicted.get("seconds").get("predicted").asDouble()).isPositive();
    JsonNode memory = predicted.get("executor_memory");
    assertThat(memory.get("java_heap").asLong()).isEqualTo(Runtime.getRuntime().maxMemory());
    assertThat(memory.get("weights").asLong()).isPositive();
    assertThat(memory.get("kv_cache").asLong()).isEqualTo(64L * 512 * 640); // of whole contexts
    assertThat(memory.get("total").asLong()).isLessThan(memory.get("limit").asLong());
    assertThat(done.has("predicted")).isFalse(); // too short for that
  }

  @Test
  void classifyAndScoreWriteNoTokens() throws Exception {
    for (String task :
        List.of(
            "task = classify\nclassify.labels = [cat, dog]\nprompt.template = \"{{ text }}\"",
            "task = score\nscore { context = \"{{ text }}\", continuation = \" and a cat\" }")) {
      String other =
          job.lines()
              .filter(line -> !line.matches("(task|prompt|generation).*"))
              .reduce(task, (text, line) -> text + "\n" + line);
      JobProcess plan = JobProcess.run(folder, other, "--plan", "--json");
      assertThat(plan.code()).as(plan.err()).isZero();
      JsonNode predicted = new ObjectMapper().readTree(plan.out());
      JsonNode done = new ObjectMapper().readTree(JobProcess.run(folder, other, "--json").out());
      assertThat(predicted.get("completion_tokens").get("high").asLong()).isZero();
      double outcome = done.get("prompt_tokens").asDouble();
      assertThat(predicted.get("prompt_tokens").get("predicted").asDouble())
          .isCloseTo(outcome, within(0.05 * outcome));
    }
  }

  @Test
  void refusesWhatARunWouldRefuse() throws Exception {
    JobProcess plan = JobProcess.run(folder, job, "--plan", "output.columns=[ids]");
    assertThat(plan.code()).isEqualTo(2);
    assertThat(plan.err()).contains("output.columns names a column");
    assertThat(plan.out()).isEmpty();
    JobProcess text = JobProcess.run(folder, job, "--plan");
    assertThat(text.out()).contains("distinct prompts  200", "time  ", "trial  ");
  }

  @Test
  void aLongRunComparesItsOutcomeWithItsPrediction() throws Exception {
    JobConfig config = JobConfig.of(JobFile.readText(job, List.of()));
    TrialLimits ofTen = new TrialLimits(10, 8, 20); // 200 rows are twenty times that
    JobPrediction prediction = summary(config, ofTen).predicted().orElseThrow();
    assertThat(prediction.rows()).isEqualTo(300);
    assertThat(prediction.sampleRows()).isBetween(1, 40);
    assertThat(summary(config, new TrialLimits(11, 8, 20)).predicted()).isEmpty();
    JobConfig off = JobConfig.of(JobFile.readText(job, List.of("plan.before-run=false")));
    assertThat(summary(off, ofTen).predicted()).isEmpty();
  }

  private static JobSummary summary(JobConfig config, TrialLimits trial) throws Exception {
    JobConfig limited =
        new JobConfig(
            config.modelPath(),
            config.modelSha256(),
            config.modelCacheDirectory(),
            config.adapters(),
            config.source(),
            config.pipeline(),
            config.sink(),
            config.badRows(),
            config.durable(),
            config.engine(),
            config.kvCacheMemory(),
            config.spark(),
            config.chatTemplate(),
            trial,
            config.planBeforeRun(),
            config.limits(),
            config.date(),
            config.values());
    PrintStream terminal =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    return new JobRun(limited, false, terminal, new StopRequest(), RowOrigin.INPUT).run();
  }
}
