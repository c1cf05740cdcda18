package io.sparkllama.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.EngineStatistics;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.job.plugin.ExecutorEngine;
import io.sparkllama.job.prompt.RowKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/**
 * Measures how full batches are, and what Spark costs, for rows of mixed lengths: own prompts of 20
 * to 2,000 tokens, answers of 1 to 400. A random model ends no answer by itself, so each token ends
 * one with a probability of 1 in 240: 195 tokens in the mean.
 *
 * <p>Arguments: model (GGUF with a context of at least 2,500), rows, directory to work in. Prints
 * one JSON object; a process of its own for each round, since the job's engine stays open. The
 * engine's time is from the first request to the last answer, Spark's that of the whole job on a
 * session that is up. Occupancy is the mean number of sequences in a step, of those configured,
 * until 95% of the rows were done. The host's part of a step is what it takes without native code.
 */
public final class MixedLengths {
  private static final int CORES = 2;
  private static final int SEQUENCES = 64;
  private static final int LONGEST_ANSWER = 400;
  private static final int TOKENS_AN_ANSWER = 240;
  private static final long KV_CACHE_MEMORY = 2L << 30;
  private static final double MOST_ROWS = 0.95;

  private final Path model;
  private final Path directory;
  private final List<String> texts;
  private final List<Integer> stopTokens;

  private MixedLengths(Path model, int rows, Path directory, LlamaEngine engine) {
    this.model = model;
    this.directory = directory;
    Random random = new Random(5);
    Words words = Words.of(engine.model().tokenizer());
    texts =
        IntStream.range(0, rows)
            .mapToObj(row -> words.text(20 + random.nextInt(1981), random))
            .toList();
    int vocabulary = engine.model().vocabularySize();
    stopTokens =
        IntStream.range(0, vocabulary).filter(id -> id % TOKENS_AN_ANSWER == 7).boxed().toList();
  }

  /** Makes texts of about so many tokens. */
  private record Words(double tokensOfOne) {
    static Words of(Tokenizer tokenizer) {
      String sample = new Words(1).text(1000, new Random(1));
      return new Words(tokenizer.encode(Prompt.ofData(sample)).length / 1000.0);
    }

    String text(int tokens, Random random) {
      return IntStream.range(0, Math.max(1, (int) (tokens / tokensOfOne)))
          .mapToObj(i -> "" + (char) ('a' + random.nextInt(26)) + (char) ('a' + random.nextInt(26)))
          .collect(Collectors.joining(" "));
    }
  }

  /** Is what one side took. */
  private record Run(double seconds, long tokens, double occupancy, EngineStatistics end) {}

  public static void main(String[] arguments) throws Exception {
    Path model = Path.of(arguments[0]).toAbsolutePath();
    Path directory = Files.createDirectories(Path.of(arguments[2]).toAbsolutePath());
    MixedLengths bench;
    try (LlamaEngine engine = LlamaEngine.open(model, EngineOptions.defaults())) {
      bench = new MixedLengths(model, Integer.parseInt(arguments[1]), directory, engine);
    }
    SparkSession spark = LocalSession.open(CORES);
    try {
      Path input = directory.resolve("rows.parquet");
      spark
          .createDataset(bench.texts, Encoders.STRING())
          .toDF("text")
          .write()
          .mode("overwrite")
          .parquet(input.toString());
      System.out.println(bench.line(bench.directly(), bench.throughSpark(input)));
    } finally {
      spark.stop();
    }
  }

  private ObjectNode line(Run direct, Run spark) {
    if (direct.tokens() != spark.tokens()) {
      throw new IllegalStateException(
          "Both must do the same: " + direct.tokens() + " and " + spark.tokens() + " tokens");
    }
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("rows", texts.size());
    json.put("prompt_tokens", direct.end().promptTokens());
    json.put("completion_tokens", direct.tokens());
    put(json.putObject("engine"), direct);
    put(json.putObject("spark"), spark);
    json.put("spark_over_engine_seconds", spark.seconds() / direct.seconds());
    return json;
  }

  private static void put(ObjectNode json, Run run) {
    EngineStatistics end = run.end();
    json.put("seconds", run.seconds());
    json.put("occupancy", run.occupancy());
    json.put("steps", end.steps());
    json.put("preemptions", end.preemptions());
    double host = (end.times().schedule() + end.times().completion()) / 1e6;
    json.put("host_milliseconds_a_step", host / end.steps());
    json.put("runner_milliseconds_a_step", end.times().runner() / 1e6 / end.steps());
  }

  private Run directly() throws Exception {
    EngineOptions options =
        EngineOptions.defaults().withThreads(CORES).withKvCacheMemory(KV_CACHE_MEMORY);
    SamplingParams sampling =
        new SamplingParams(1, 0, 1, 0, 0, LONGEST_ANSWER, List.of(), stopTokens);
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      Watch watch = Watch.start(engine::statistics, texts.size());
      long begin = System.nanoTime();
      List<CompletableFuture<GenerationResult>> answers = new ArrayList<>();
      for (String text : texts) {
        answers.add(
            engine.generate(
                new GenerationRequest(
                    RowKeys.derive(List.of(text)),
                    Prompt.ofData(text),
                    sampling,
                    OverlongPolicy.ERROR)));
      }
      long tokens = 0;
      for (CompletableFuture<GenerationResult> answer : answers) {
        tokens += answer.get().tokens().length;
      }
      double seconds = (System.nanoTime() - begin) * 1e-9;
      return new Run(seconds, tokens, watch.occupancy(), engine.statistics());
    }
  }

  private Run throughSpark(Path input) throws Exception {
    Path job =
        Files.writeString(
            directory.resolve("job.conf"),
            """
            task = complete
            model { path = "%s", cache-directory = "%s" }
            input.path = "%s"
            prompt.template = "{{ text }}"
            generation { temperature = 1, max-tokens = %d, stop-tokens = %s }
            engine.kv-cache-memory = %d
            output { path = "%s", mode = overwrite }
            """
                .formatted(
                    model,
                    directory.resolve("models"),
                    input,
                    LONGEST_ANSWER,
                    stopTokens,
                    KV_CACHE_MEMORY,
                    directory.resolve("answers.parquet")));
    Watch watch = Watch.start(ExecutorEngine::statistics, texts.size());
    long begin = System.nanoTime();
    JsonNode summary = JobCall.run(job, texts.size());
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return new Run(
        seconds,
        summary.get("completion_tokens").asLong(),
        watch.occupancy(),
        ExecutorEngine.statistics());
  }

  /** Looks at an engine from time to time, until most rows are done. */
  private static final class Watch {
    private final CompletableFuture<Double> occupancy = new CompletableFuture<>();

    static Watch start(java.util.function.Supplier<EngineStatistics> statistics, int rows) {
      Watch watch = new Watch();
      long before = statistics.get().finishedRequests();
      Thread thread =
          new Thread(
              () -> {
                try {
                  EngineStatistics now = statistics.get();
                  // An engine that is opened anew begins with no request.
                  while (now.finishedRequests() == before
                      || now.finishedRequests() < MOST_ROWS * rows
                      || now.finishedRequests() > rows) {
                    Thread.sleep(5);
                    now = statistics.get();
                  }
                  watch.occupancy.complete(
                      (double) now.occupancy().stepSequences() / now.steps() / SEQUENCES);
                } catch (InterruptedException | RuntimeException e) {
                  watch.occupancy.completeExceptionally(e);
                }
              });
      thread.setDaemon(true);
      thread.start();
      return watch;
    }

    double occupancy() throws Exception {
      return occupancy.get();
    }
  }
}
