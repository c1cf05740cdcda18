package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.GenerateJob;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs the same rows in every way that must not matter: partitions, cores, batch limits, chunk
 * sizes, threads. The output columns are the same, whether greedy or sampled.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SameAnswersIT {
  private static final int COMPLETED = 300;
  private static final int CLASSIFIED = 40;

  private Path directory;
  private final Map<String, List<String>> references = new HashMap<>();
  private int runs;

  static Stream<List<String>> ways() {
    return Stream.of(
        List.of("spark.master=local[1]"),
        List.of("input.partitions=1"),
        List.of("input.partitions=5"),
        List.of("engine.max-sequences=1"),
        List.of("engine.max-sequences=3", "input.partitions=5"),
        List.of("engine.prefill-chunk=16"),
        List.of("engine.prefill-chunk=16", "engine.max-sequences=3", "engine.threads=1"),
        List.of("engine.max-batch-tokens=70", "engine.window=7"),
        List.of("engine.kv-cache-memory=0.001%"), // raised to one whole context
        List.of("engine.instruction-set=reference", "spark.master=local[1]"));
  }

  @BeforeAll
  void runPlainly(@TempDir Path temporary) throws Exception {
    directory = temporary;
    for (String task : List.of("complete greedy", "complete sampled", "classify")) {
      references.put(task, run(task, List.of()));
    }
    assertThat(references.get("complete greedy")).hasSize(COMPLETED);
    assertThat(references.get("classify")).hasSize(CLASSIFIED);
    assertThat(references.get("complete greedy")).isNotEqualTo(references.get("complete sampled"));
  }

  @AfterAll
  void stop() {
    SparkSession.getDefaultSession().foreach(session -> stopped(session));
  }

  private static Object stopped(SparkSession session) {
    session.stop();
    return session;
  }

  @ParameterizedTest
  @MethodSource("ways")
  void greedyCompletionsAreTheSame(List<String> way) throws Exception {
    assertThat(run("complete greedy", way)).isEqualTo(references.get("complete greedy"));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void sampledCompletionsAreTheSame(List<String> way) throws Exception {
    assertThat(run("complete sampled", way)).isEqualTo(references.get("complete sampled"));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void labelsAndProbabilitiesAreTheSame(List<String> way) throws Exception {
    assertThat(run("classify", way)).isEqualTo(references.get("classify"));
  }

  private List<String> run(String task, List<String> way) throws Exception {
    Path home = Files.createDirectories(directory.resolve("run" + runs++));
    boolean classify = task.equals("classify");
    Path documents =
        BankingMessages.first(classify ? CLASSIFIED : COMPLETED, home.resolve("messages.csv"));
    JobFileText files = new JobFileText(home, BankingMessages.model(), documents);
    Path job = classify ? files.classify(BankingMessages.intents()) : files.complete();
    List<String> arguments = new ArrayList<>(List.of("--conf-file", job.toString()));
    arguments.add("model.cache-directory=" + directory.resolve("models"));
    if (way.stream().noneMatch(setting -> setting.startsWith("spark.master="))) {
      arguments.add("spark.master=local[2]");
    }
    if (task.equals("complete sampled")) {
      arguments.add("generation.temperature=0.8");
    }
    arguments.addAll(way);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (PrintStream err = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
      int code = GenerateJob.run(arguments.toArray(String[]::new), System.out, err);
      assertThat(code).as(printed.toString(StandardCharsets.UTF_8)).isZero();
    }
    SparkSession reader =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
    try {
      return Answers.read(reader, home.resolve((classify ? "classify" : "complete") + ".parquet"));
    } finally {
      reader.stop(); // so that the next run's own master holds
    }
  }
}
