package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.job.plugin.SparkLlamaPlugin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds what Spark's metrics system has of an engine to what a job says of itself. */
class EngineMetricsTest {
  @TempDir Path folder;

  private static MetricRegistry registry() {
    return SparkEnv.get()
        .metricsSystem()
        .getSourcesByName("plugin." + SparkLlamaPlugin.class.getName())
        .head()
        .metricRegistry();
  }

  private static Map<String, Long> values() {
    Map<String, Long> values = new TreeMap<>();
    registry().getGauges().forEach((name, gauge) -> values.put(name, (Long) gauge.getValue()));
    return values;
  }

  private JsonNode run(String... overrides) throws Exception {
    String job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input.path = "%s"
        prompt.template = "Once upon a time, {{ text }}"
        generation.max-tokens = 6
        output { path = "%s", mode = overwrite }
        """
            .formatted(
                SharedModel.stories(),
                folder.resolve("cache"),
                folder.resolve("in"),
                folder.resolve("out"));
    JobProcess run = JobProcess.run(folder, job + String.join("\n", overrides), "--json");
    assertThat(run.code()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }

  @Test
  void metricsMoveWithAJobAndFollowTheEngine() throws Exception {
    SparkSession spark = LocalSpark.session();
    spark
        .sql("select concat('a story ', id) as text from range(40)")
        .write()
        .parquet(folder.resolve("in").toString());

    JsonNode summary = run("engine.max-sequences = 4");
    Map<String, Long> first = values();

    long prompts = summary.get("prompt_tokens").asLong();
    long completions = summary.get("completion_tokens").asLong();
    assertThat(first.get("promptTokens")).isEqualTo(prompts).isPositive();
    assertThat(first.get("generatedTokens")).isEqualTo(completions).isPositive();
    assertThat(first.get("cachedTokens")).isEqualTo(summary.get("cached_tokens").asLong());
    assertThat(first.get("prefillTokens") + first.get("decodeTokens") + first.get("cachedTokens"))
        .isEqualTo(prompts + completions - 40); // the last of an answer is not run
    assertThat(first.get("decodeTokens")).isEqualTo(completions - 40);
    assertThat(first.get("stepSequences")).isBetween(first.get("steps"), 4 * first.get("steps"));
    assertThat(first.get("lastStepSequences")).isBetween(1L, 4L);
    assertThat(first.get("kvBlocks")).isPositive();
    assertThat(first)
        .containsEntry("runningSequences", 0L)
        .containsEntry("waitingSequences", 0L)
        .containsEntry("usedKvBlocks", 0L)
        .containsEntry("preemptions", 0L)
        .containsEntry("workerRestarts", 0L)
        .containsEntry("rowsSetAside", 0L);
    assertThat(first.get("runnerNanoseconds"))
        .isGreaterThan(first.get("scheduleNanoseconds"))
        .isLessThan((long) (summary.get("seconds").asDouble() * 1e9));
    assertThat(first.get("scheduleNanoseconds")).isPositive();
    assertThat(first.get("completionNanoseconds")).isPositive();

    long again =
        run("engine.max-sequences = 3", "generation.max-tokens = 2")
            .get("completion_tokens")
            .asLong();
    assertThat(values()).containsEntry("generatedTokens", again);

    new SparkLlamaPlugin().executorPlugin().shutdown();
    assertThat(values().values()).hasSameSizeAs(first.values()).containsOnly(0L);
  }

  @Test
  void thePageNamesEachMetric() throws Exception {
    LocalSpark.session();
    Path page = Path.of(System.getProperty("sparkllama.basedir"), "docs", "metrics.md");
    assertThat(
            Pattern.compile("(?m)^\\| `(\\w+)` \\|")
                .matcher(Files.readString(page))
                .results()
                .map(name -> name.group(1))
                .collect(Collectors.toSet()))
        .isEqualTo(registry().getNames());
  }
}
