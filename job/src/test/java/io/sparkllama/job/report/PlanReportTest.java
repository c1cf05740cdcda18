package io.sparkllama.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.DeviceMemory;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.job.admission.ExecutorMemory;
import io.sparkllama.job.admission.JavaMemory;
import io.sparkllama.job.admission.MemoryLimit;
import io.sparkllama.job.config.SizeOrShare;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.prediction.Estimate;
import io.sparkllama.job.prediction.JobPrediction;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlanReportTest {
  private static final JobPrediction PREDICTION =
      new JobPrediction(
          9_000,
          6_000,
          6_000,
          new Estimate(180_000.4, 170_000, 190_000),
          new Estimate(60_000, 50_000, 70_000),
          new Estimate(63_000, 60_000, 66_000),
          new Estimate(0, 0, 35),
          new Estimate(3_723.4, 3_500, 4_000),
          2,
          514,
          300,
          19.96);

  @Test
  void writesOneLineOfJson() {
    assertThat(new PlanReport(PREDICTION).json())
        .isEqualTo(
            "{\"rows\":9000,\"distinct_prompts\":6000,\"asked_prompts\":6000,"
                + "\"errors\":{\"predicted\":0,\"low\":0,\"high\":35},"
                + "\"prompt_tokens\":{\"predicted\":180000,\"low\":170000,\"high\":190000},"
                + "\"cached_tokens\":{\"predicted\":60000,\"low\":50000,\"high\":70000},"
                + "\"completion_tokens\":{\"predicted\":63000,\"low\":60000,\"high\":66000},"
                + "\"seconds\":{\"predicted\":3723.4,\"low\":3500.0,\"high\":4000.0},"
                + "\"executors\":2,\"sample_rows\":514,\"trial_rows\":300,"
                + "\"trial_seconds\":19.96}");
  }

  @Test
  void writesLinesForPeople() {
    assertThat(new PlanReport(PREDICTION).text())
        .isEqualTo(
            """
            rows              9000
            distinct prompts  6000, and the model is asked for each once
            errors            0 (0 to 35)
            prompt tokens     180000 (170000 to 190000)
            cached tokens     60000 (50000 to 70000)
            completion tokens 63000 (60000 to 66000)
            time              1:02:03 (0:58:20 to 1:06:40) on 2 executors
            trial             514 prompts counted, 300 of them answered in 20.0 s
            """);
    assertThat(new PlanReport(PREDICTION).line())
        .isEqualTo(
            "Predicted from a trial: 1:02:03 (0:58:20 to 1:06:40) on 2 executors,"
                + " 180000 (170000 to 190000) prompt tokens, 63000 (60000 to 66000) completion"
                + " tokens; 514 prompts counted, 300 of them answered in 20.0 s");
  }

  private static final long MEBIBYTE = 1 << 20;
  private static final EngineMemory ENGINE =
      new EngineMemory(600 * MEBIBYTE, 512 * MEBIBYTE, 60 * MEBIBYTE, 4 * MEBIBYTE);

  private static PlanReport withMemory(
      SizeOrShare kvCacheMemory, long offHeap, Optional<MemoryLimit> limit) {
    JavaMemory java = new JavaMemory(1024 * MEBIBYTE, offHeap, "a setting");
    return new PlanReport(
        PREDICTION, Optional.of(new ExecutorMemory(kvCacheMemory, ENGINE, java, limit)));
  }

  private static String memoryLines(PlanReport report) {
    String text = report.text();
    return text.substring(text.indexOf("executor memory"));
  }

  @Test
  void addsUpAnExecutorsMemory() {
    MemoryLimit limit = new MemoryLimit(3072 * MEBIBYTE, "a file", MemoryLimit.Remedy.CONTAINER);
    PlanReport report =
        withMemory(new SizeOrShare.Size(512 * MEBIBYTE), 100 * MEBIBYTE, Optional.of(limit));
    assertThat(memoryLines(report))
        .isEqualTo(
            """
            executor memory   2.2 GiB, of 3.0 GiB by a file
              Java heap       1.0 GiB
              Spark off-heap  100.0 MiB
              weights         600.0 MiB, mapped from a file
              KV cache        512.0 MiB
              buffers         64.0 MiB
            """);
    assertThat(report.json())
        .endsWith(
            ",\"executor_memory\":{\"total\":2411724800,\"java_heap\":1073741824,"
                + "\"java_off_heap\":104857600,\"weights\":629145600,\"kv_cache\":536870912,"
                + "\"buffers\":62914560,\"batch\":4194304,\"limit\":3221225472,"
                + "\"limit_origin\":\"a file\"}}");
  }

  @Test
  void saysWhatLiesOnAGpu() {
    EngineMemory here = new EngineMemory(0, 0, 60 * MEBIBYTE, 4 * MEBIBYTE);
    JavaMemory java = new JavaMemory(1024 * MEBIBYTE, 0, "a setting");
    DeviceMemory open = new DeviceMemory(600 * MEBIBYTE, 0, 90 * MEBIBYTE);
    PlanReport onCluster =
        new PlanReport(
            PREDICTION,
            Optional.of(
                new ExecutorMemory(
                    new SizeOrShare.Size(0), here, java, Optional.empty(), Optional.of(open))));
    assertThat(memoryLines(onCluster))
        .isEqualTo(
            """
            executor memory   1.1 GiB, which each executor holds against its own limit
              Java heap       1.0 GiB
              buffers         64.0 MiB
            GPU memory        at least 690.0 MiB
              weights         600.0 MiB
              KV cache        what the GPU leaves, if all rows need as much
              buffers         90.0 MiB
            """);
    assertThat(onCluster.json())
        .endsWith(",\"gpu\":{\"weights\":629145600,\"buffers\":94371840}}}");
    PlanReport settled =
        new PlanReport(
            PREDICTION,
            Optional.of(
                new ExecutorMemory(
                    new SizeOrShare.Size(0),
                    here,
                    java,
                    Optional.empty(),
                    Optional.of(open.withKvCache(2048 * MEBIBYTE)))));
    assertThat(memoryLines(settled))
        .contains("GPU memory        2.7 GiB\n", "KV cache        2.0 GiB\n");
    assertThat(settled.json()).contains("\"kv_cache\":2147483648,\"buffers\":94371840}");
  }

  @Test
  void saysWhatOnlyAnExecutorWillKnow() {
    PlanReport share = withMemory(new SizeOrShare.Share(50), 0, Optional.empty());
    assertThat(memoryLines(share))
        .contains(
            "at least 2.1 GiB, which each executor holds against its own limit\n",
            "  KV cache        512.0 MiB at least, else 50% of what its limit leaves\n")
        .doesNotContain("off-heap");
    assertThat(share.json()).contains("\"kv_cache_percent\":50.0").doesNotContain("limit");
    assertThat(memoryLines(withMemory(new SizeOrShare.Size(0), 0, Optional.empty())))
        .contains(
            "executor memory   2.1 GiB, which each",
            "  KV cache        512.0 MiB, or what its limit leaves\n");
  }

  @Test
  void theSummaryComparesPredictionAndOutcome() {
    GenerationCounts counts =
        new GenerationCounts(9_000, 3_000, 181_000, 61_000, 62_000, 0, 0, Map.of());
    JobSummary summary = new JobSummary(counts, 3_600, "out", Optional.of(PREDICTION));
    assertThat(summary.text())
        .contains(
            "prompt tokens     181000 (predicted 180000)\n",
            "cached tokens     61000 (predicted 60000)\n",
            "completion tokens 62000 (predicted 63000)\n",
            "seconds           3600.0 (predicted 3723.4)\n");
    assertThat(summary.json())
        .contains(
            ",\"predicted\":{\"errors\":{\"predicted\":0,",
            "\"seconds\":{\"predicted\":3723.4,\"low\":3500.0,\"high\":4000.0}}}");
    assertThat(new JobSummary(counts, 3_600, "out", Optional.empty()).json())
        .doesNotContain("predicted");
  }
}
