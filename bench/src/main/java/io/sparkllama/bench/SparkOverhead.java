package io.sparkllama.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToDoubleFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/**
 * Compares rows through Spark, Parquet to Parquet, with the same requests given to the engine
 * directly: in one process, in turns, by medians.
 *
 * <p>Arguments: model, rows, new tokens a row, rounds, directory to work in. Prints one JSON
 * object. Spark's time is the whole job's on a session that is up: the job file, the model's
 * verification and opening, reading, writing and commit. The engine's time is from the first
 * request to the last answer, on an open engine.
 */
public final class SparkOverhead {
  private static final int WINDOW = 256;
  private static final int CORES = 2;

  /** Rounds that are not counted: Spark's own code is not compiled to the end before. */
  private static final int WARM_UP = 4;

  private final Path model;
  private final List<String> texts;
  private final int newTokens;
  private final Path directory;

  private SparkOverhead(Path model, int rows, int newTokens, Path directory) {
    this.model = model;
    this.newTokens = newTokens;
    this.directory = directory;
    this.texts = new ArrayList<>(rows);
    for (int i = 0; i < rows; i++) {
      texts.add("Customer " + i + " asks where the new card is");
    }
  }

  public static void main(String[] arguments) throws Exception {
    SparkOverhead bench =
        new SparkOverhead(
            Path.of(arguments[0]).toAbsolutePath(),
            Integer.parseInt(arguments[1]),
            Integer.parseInt(arguments[2]),
            Files.createDirectories(Path.of(arguments[4]).toAbsolutePath()));
    SparkSession spark = LocalSession.open(CORES);
    try {
      System.out.println(bench.run(spark, Integer.parseInt(arguments[3])));
    } finally {
      spark.stop();
    }
  }

  private ObjectNode run(SparkSession spark, int rounds) throws IOException {
    Path input = directory.resolve("rows.parquet");
    spark
        .createDataset(texts, Encoders.STRING())
        .toDF("text")
        .repartition(CORES)
        .write()
        .mode("overwrite")
        .parquet(input.toString());
    List<Cost> direct = new ArrayList<>();
    List<Cost> throughSpark = new ArrayList<>();
    List<Double> rows = new ArrayList<>(); // seconds from the first row read to the commit
    long tokens = 0;
    for (int round = -WARM_UP; round < rounds; round++) {
      Cost directCost;
      try (LlamaEngine engine =
          LlamaEngine.open(model, EngineOptions.defaults().withThreads(CORES))) {
        Clock clock = Clock.start();
        tokens = direct(engine);
        directCost = clock.stop();
      }
      Clock clock = Clock.start();
      JsonNode summary = throughSpark(input);
      Cost sparkCost = clock.stop();
      long sparkTokens = summary.get("completion_tokens").asLong();
      if (sparkTokens != tokens) {
        throw new IllegalStateException(
            "Both sides must do the same work: " + tokens + " and " + sparkTokens + " tokens");
      }
      if (round >= 0) {
        direct.add(directCost);
        throughSpark.add(sparkCost);
        rows.add(summary.get("seconds").asDouble());
      }
    }
    ObjectNode result = new ObjectMapper().createObjectNode();
    result.put("rows", texts.size());
    result.put("completion_tokens", tokens);
    compare(result, "seconds", direct, throughSpark, Cost::seconds);
    rows.forEach(result.putArray("spark_rows_seconds")::add);
    double rowsMedian = median(rows.stream().mapToDouble(Double::doubleValue).toArray());
    result.put("spark_rows_seconds_median", rowsMedian);
    result.put(
        "spark_rows_over_engine_seconds",
        rowsMedian / result.get("engine_seconds_median").asDouble());
    compare(result, "cpu_seconds", direct, throughSpark, Cost::cpuSeconds);
    return result;
  }

  private static void compare(
      ObjectNode result,
      String unit,
      List<Cost> direct,
      List<Cost> throughSpark,
      ToDoubleFunction<Cost> measure) {
    double[] engine = direct.stream().mapToDouble(measure).toArray();
    double[] spark = throughSpark.stream().mapToDouble(measure).toArray();
    Arrays.stream(engine).forEach(result.putArray("engine_" + unit)::add);
    Arrays.stream(spark).forEach(result.putArray("spark_" + unit)::add);
    result.put("engine_" + unit + "_median", median(engine));
    result.put("spark_" + unit + "_median", median(spark));
    result.put("spark_over_engine_" + unit, median(spark) / median(engine));
  }

  /**
   * Holds what one side of one round took.
   *
   * @param cpuSeconds of all threads of the process: what a loaded machine does not blur
   */
  private record Cost(double seconds, double cpuSeconds) {}

  private record Clock(long nanos, long cpuNanos) {
    static Clock start() {
      return new Clock(System.nanoTime(), processCpuNanos());
    }

    Cost stop() {
      return new Cost((System.nanoTime() - nanos) / 1e9, (processCpuNanos() - cpuNanos) / 1e9);
    }

    private static long processCpuNanos() {
      return ((com.sun.management.OperatingSystemMXBean)
              ManagementFactory.getOperatingSystemMXBean())
          .getProcessCpuTime();
    }
  }

  /** Gives all rows to the engine, with a bounded window as a task does. */
  private long direct(LlamaEngine engine) {
    SamplingParams sampling = SamplingParams.greedy(newTokens);
    long tokens = 0;
    ArrayDeque<CompletableFuture<GenerationResult>> window = new ArrayDeque<>();
    for (int i = 0; i < texts.size(); i++) {
      if (window.size() == WINDOW) {
        tokens += window.poll().join().tokens().length;
      }
      window.add(
          engine.generate(
              new GenerationRequest(
                  new RowKey(0, i), Prompt.ofData(texts.get(i)), sampling, OverlongPolicy.ERROR)));
    }
    while (!window.isEmpty()) {
      tokens += window.poll().join().tokens().length;
    }
    return tokens;
  }

  private JsonNode throughSpark(Path input) throws IOException {
    Path job =
        Files.writeString(
            directory.resolve("job.conf"),
            """
            task = complete
            model { path = "%s", cache-directory = "%s" }
            input.path = "%s"
            prompt.template = "{{ text }}"
            generation.max-tokens = %d
            output { path = "%s", mode = overwrite }
            """
                .formatted(
                    model,
                    directory.resolve("models"),
                    input,
                    newTokens,
                    directory.resolve("answers.parquet")));
    return JobCall.run(job, texts.size());
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
