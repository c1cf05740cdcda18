package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs two executors on one host: both answer rows, from one copy and one packed file. */
class TwoExecutorsIT {
  private static final int ROWS = 200;
  private static final String OPENED = "Opening this executor's engine: 1 threads";

  @TempDir Path temporary;

  @Test
  void bothAnswerFromOneModelWithTheSameBytes() throws Exception {
    Path alone = run("alone", "local[2]");
    Path together;
    MappedWeights.Sample memory;
    try (MappedWeights weights = new MappedWeights(temporary.resolve("together"))) {
      together = run("together", "local-cluster[2,1,1024]");
      memory = weights.largest();
    }

    MappedWeights.awaitNone(temporary); // no worker outlives its executor

    ClusterTrace trace = new ClusterTrace(together);
    assertThat(trace.executorLogs())
        .hasSize(2)
        .allSatisfy(log -> assertThat(log.split(OPENED, -1)).hasSize(2));
    assertThat(executorsThatAnswered(together)).containsExactly("0", "1");
    assertThat(trace.count("Copied the model to this host")).isEqualTo(1);
    assertThat(trace.count("Packed the model")).isEqualTo(1);
    assertThat(files(together.resolve("models"), ".gguf")).hasSize(1);
    List<Path> packed = files(together.resolve("models"), ".packed");
    assertThat(packed).hasSize(1);
    // Both workers have nearly all weights in memory, and the memory has them once.
    long size = Files.size(packed.get(0));
    assertThat(memory.programs()).containsExactly(MappedWeights.WORKER, MappedWeights.WORKER);
    assertThat(memory.resident()).isGreaterThan(size * 3 / 2);
    assertThat(memory.proportional()).isLessThan(size * 11 / 10);

    SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();
    try {
      assertThat(Answers.read(spark, together.resolve("complete.parquet")))
          .hasSize(ROWS)
          .isEqualTo(Answers.read(spark, alone.resolve("complete.parquet")));
    } finally {
      spark.stop();
    }
  }

  private Path run(String name, String master) throws Exception {
    Path home = Files.createDirectories(temporary.resolve(name));
    Path documents = BankingMessages.first(ROWS, home.resolve("messages.csv"));
    SubmittedJob.Run run =
        SubmittedJob.submit(
            home,
            name,
            master,
            new JobFileText(home, BankingMessages.model(), documents).complete(),
            "input.partitions=4",
            // Both executors are there before the first row is dealt out.
            "spark.cores.max=2", // without it Spark expects none
            "spark.scheduler.minRegisteredResourcesRatio=1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime=120s");
    assertThat(run.exitCode()).as(run.errors()).isZero();
    return home;
  }

  private static List<Path> files(Path directory, String suffix) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.filter(path -> path.toString().endsWith(suffix)).toList();
    }
  }

  /** Returns the executors of those tasks that have counted rows, as the event log has them. */
  private static Set<String> executorsThatAnswered(Path home) throws IOException {
    Set<String> executors = new TreeSet<>();
    ObjectMapper mapper = new ObjectMapper();
    for (Path file : new ClusterTrace(home.resolve("events")).filesWith("TaskEnd", List.of())) {
      for (String line : Files.readAllLines(file)) {
        if (line.contains("SparkListenerTaskEnd")) {
          JsonNode task = mapper.readTree(line).get("Task Info");
          for (JsonNode counted : task.get("Accumulables")) {
            if (counted.path("Name").asText().equals("sparkllama.rows")) {
              executors.add(task.get("Executor ID").asText());
            }
          }
        }
      }
    }
    return executors;
  }
}
