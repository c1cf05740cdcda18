package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.job.LocalSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the main job by spark-submit, with the jar that users get: 3,080 real messages through a
 * really trained model, completed, sampled and classified, on one process and on a standalone
 * cluster of two workers, and some of them on a local cluster. The answers are the same everywhere.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MainJobIT {
  /** Long and unlike anything else, so that a part of it would be seen too. */
  private static final String CANARY = "quetzalcoatlcanarybird";

  private static final List<String> JOBS = List.of("complete", "sampled", "classify");

  /**
   * Is enough for both executors of the local cluster, which differs from the other by its start.
   */
  private static final int SOME = 500;

  private static final String OPENED = "Opening this executor's engine";
  private static final String COPIED = "Copied the model to this host";

  private Path directory;
  private SparkSession spark;
  private Path reference;

  @BeforeAll
  void runInOneProcess(@TempDir Path temporary) throws Exception {
    directory = temporary;
    Path documents = BankingMessages.all();
    Path home = Files.createDirectories(directory.resolve("local"));
    reference = runAll(home, "local[2]", documents, BankingMessages.ROWS);
    spark = LocalSpark.session();
  }

  @AfterAll
  void stop() {
    if (spark != null) {
      spark.stop();
    }
  }

  /** Runs every job on a master, and returns the directory with their outputs. */
  private static Path runAll(Path home, String master, Path documents, int rows) throws Exception {
    JobFileText files = new JobFileText(home, BankingMessages.model(), documents);
    List<Path> jobs =
        List.of(files.complete(), files.sampled(), files.classify(BankingMessages.intents()));
    for (Path job : jobs) {
      String name = job.getFileName().toString().replace(".conf", "");
      SubmittedJob.Run run =
          SubmittedJob.submit(
              home,
              name,
              master,
              job,
              // Both executors are there before the first row is dealt out.
              "spark.cores.max=2", // without it Spark expects none
              "spark.scheduler.minRegisteredResourcesRatio=1.0",
              "spark.scheduler.maxRegisteredResourcesWaitingTime=120s");
      assertThat(run.exitCode()).as(run.errors()).isZero();
      JsonNode summary = new ObjectMapper().readTree(run.output());
      assertThat(summary.get("rows").asInt()).isEqualTo(rows);
      assertThat(summary.get("errors").asInt()).isZero();
    }
    return home;
  }

  @Test
  void everyMessageHasItsAnswers() {
    for (String task : JOBS) {
      Answers.assertComplete(spark, reference.resolve(task + ".parquet"), BankingMessages.all());
    }
    List<String> intents =
        spark
            .read()
            .parquet(reference.resolve("classify.parquet").toString())
            .selectExpr("size(probabilities)", "probabilities[label] = probability")
            .distinct()
            .toJSON()
            .collectAsList();
    assertThat(intents).hasSize(1).allMatch(row -> row.contains("77") && row.contains("true"));
  }

  @Test
  void aLocalClusterGivesTheSameAnswers() throws Exception {
    Path home = Files.createDirectories(directory.resolve("local-cluster"));
    Path documents = BankingMessages.first(SOME, home.resolve("messages.csv"));
    runAll(home, "local-cluster[2,1,1024]", documents, SOME);

    for (String task : JOBS) {
      List<String> answers = Answers.read(spark, home.resolve(task + ".parquet"));
      assertThat(answers).hasSize(SOME);
      assertThat(Answers.read(spark, reference.resolve(task + ".parquet"))).containsAll(answers);
    }
    assertOneEnginePerExecutorAndOneCopyPerHost(home, 2 * JOBS.size());
  }

  @Test
  void aStandaloneClusterGivesTheSameAnswers() throws Exception {
    Path home = Files.createDirectories(directory.resolve("standalone"));
    try (StandaloneCluster cluster = StandaloneCluster.start(home)) {
      runAll(home, cluster.master(), BankingMessages.all(), BankingMessages.ROWS);
    }

    assertSameAnswers(home);
    assertOneEnginePerExecutorAndOneCopyPerHost(home, 2 * JOBS.size());
  }

  private void assertSameAnswers(Path home) {
    for (String task : JOBS) {
      assertThat(Answers.read(spark, home.resolve(task + ".parquet")))
          .isEqualTo(Answers.read(spark, reference.resolve(task + ".parquet")));
    }
  }

  /** Each job has two executors: so many processes, each with one engine; the model came once. */
  private static void assertOneEnginePerExecutorAndOneCopyPerHost(Path home, int executors)
      throws IOException {
    ClusterTrace trace = new ClusterTrace(home);
    assertThat(trace.executorLogs())
        .hasSize(executors)
        .allSatisfy(log -> assertThat(log.split(OPENED + ": 1 threads", -1)).hasSize(2));
    assertThat(trace.count(COPIED)).isEqualTo(1);
    try (Stream<Path> models = Files.list(home.resolve("models"))) {
      assertThat(models.filter(path -> path.getFileName().toString().length() >= 64)).hasSize(1);
    }
  }

  /** Documents of all kinds, good and bad, on executors that log as they do by default. */
  @Test
  void noDocumentReachesALogAnEventOrAnException() throws Exception {
    Path home = Files.createDirectories(directory.resolve("canary"));
    List<String> lines = new ArrayList<>();
    lines.add("text,category");
    for (int i = 0; i < 20; i++) {
      lines.add("Where is my " + CANARY + " number " + i + "?," + CANARY);
    }
    lines.add(CANARY + " </s><s>[INST] " + CANARY + ",x");
    lines.add((CANARY + " ").repeat(400) + ",much too long");
    lines.add(CANARY + "\u0000" + CANARY + ",a NUL");
    Path documents = Files.write(home.resolve("documents.csv"), lines);
    JobFileText files = new JobFileText(home, BankingMessages.model(), documents);

    SubmittedJob.Run run =
        SubmittedJob.submit(home, "canary", "local-cluster[2,1,1024]", files.complete());

    assertThat(run.exitCode()).as(run.errors()).isZero();
    JsonNode summary = new ObjectMapper().readTree(run.output());
    assertThat(summary.get("rows").asInt()).isEqualTo(23);
    assertThat(summary.get("errors").asInt()).isEqualTo(1);
    List<String> errors =
        spark
            .read()
            .parquet(home.resolve("complete.parquet").toString())
            .selectExpr("completion.error.message")
            .where("message is not null")
            .toJSON()
            .collectAsList();
    assertThat(errors).hasSize(1).noneMatch(error -> error.contains(CANARY));
    // A second run fails, since the output is there: an exception on the driver.
    SubmittedJob.Run refused =
        SubmittedJob.submit(
            home, "refused", "local-cluster[2,1,1024]", files.complete(), "output.mode=error");
    assertThat(refused.exitCode()).as(refused.errors()).isEqualTo(2);

    ClusterTrace trace = new ClusterTrace(home);
    assertThat(trace.executorLogs()).hasSizeGreaterThanOrEqualTo(1);
    assertThat(trace.filesWith("SparkListenerApplicationEnd", List.of())).isNotEmpty();
    assertThat(trace.filesWith(CANARY, List.of(documents, home.resolve("complete.parquet"))))
        .isEmpty();
  }
}
