package io.sparkllama.job.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.EngineStatistics;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.SeedBy;
import io.sparkllama.job.config.SizeOrShare;
import io.sparkllama.job.metrics.EngineGauge;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.plugin.ExecutorEngine;
import io.sparkllama.job.plugin.PreparedModel;
import io.sparkllama.job.prompt.PromptTemplate;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kills tasks whose rows a real engine works on, as a user's cancelling and Spark's speculation do:
 * what they held is free at once, and another task's answers are the same bytes.
 */
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class KilledTaskTest {
  private static final int WINDOW = 40;
  private static final int SURVIVORS = 24;
  private static final Duration AT_ONCE = Duration.ofSeconds(5);

  private static SparkSession spark;
  private static EngineSpecification engine;
  private static Map<Integer, Double> barred;

  private final AtomicLong lastTask = new AtomicLong(-1);
  private final SparkListener tasks =
      new SparkListener() {
        @Override
        public void onTaskStart(SparkListenerTaskStart start) {
          lastTask.accumulateAndGet(start.taskInfo().taskId(), Math::max);
        }
      };

  @BeforeAll
  static void start(@TempDir Path cache) throws Exception {
    spark = LocalSpark.session();
    Path model =
        Path.of(System.getProperty("sparkllama.basedir"), "models", "tickets-6m.Q8_0.gguf");
    barred =
        Arrays.stream(ModelFile.open(model).endTokens())
            .boxed()
            .collect(Collectors.toMap(id -> id, id -> -100.0));
    engine =
        PreparedModel.of(
                model.toString(),
                Optional.empty(),
                Optional.of(cache),
                EngineOptions.defaults().withThreads(1).withBatchLimits(8, 64, 64),
                new SizeOrShare.Size(0),
                new SparkConf(false))
            .specification();
  }

  @BeforeEach
  void listen() {
    spark.sparkContext().addSparkListener(tasks);
  }

  @AfterEach
  void forget() {
    spark.sparkContext().removeSparkListener(tasks);
  }

  /** Answers texts with so many tokens each: the end of an answer is barred. */
  private static Dataset<Row> answers(Dataset<Row> texts, int tokens, int window) {
    SamplingParams sampling =
        new SamplingParams(
            0.9, 0, 1, 0, 11, tokens, List.of(), List.of(), new Penalties(1, 0, 0, barred));
    GenerationCounter counter = new GenerationCounter();
    EngineGauge gauge = new EngineGauge();
    spark.sparkContext().register(counter, "rows");
    spark.sparkContext().register(gauge, "engine");
    return new GenerationPipeline(
            engine,
            new PipelineSpecification(
                new CompleteTask(
                    PromptTemplate.compile("prompt.template", "{{ text }}", LocalDate.EPOCH),
                    sampling,
                    OverlongPolicy.ERROR,
                    SeedBy.KEY,
                    1),
                "prompt.template",
                List.of("text"),
                Optional.empty(),
                window,
                RowSpread.ofSource()),
            counter,
            gauge,
            GateSource.OPEN,
            LetterBox.CLOSED)
        .apply(texts, List.of());
  }

  private static Dataset<Row> texts(String name, int rows) {
    return spark.range(0, rows, 1, 1).selectExpr("concat('" + name + " ', id) as text");
  }

  private static CompletableFuture<List<Row>> collect(
      Dataset<Row> answers, String group, boolean interrupt) {
    return CompletableFuture.supplyAsync(
        () -> {
          spark.sparkContext().setJobGroup(group, group, interrupt);
          try {
            return answers.collectAsList();
          } finally {
            spark.sparkContext().clearJobGroup();
          }
        });
  }

  private static int requests(EngineStatistics now) {
    return now.running() + now.waiting();
  }

  private static void await(Duration patience, Predicate<EngineStatistics> condition)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!condition.test(ExecutorEngine.statistics()) && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
    assertThat(ExecutorEngine.statistics()).matches(condition);
  }

  private static boolean isIdle(EngineStatistics now) {
    return requests(now) == 0 && now.occupancy().usedBlocks() == 0;
  }

  private static void assertCancelled(CompletableFuture<List<Row>> job) throws Exception {
    try {
      job.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException cancelled) {
      assertThat(cancelled).hasMessageContaining("cancelled");
      return;
    }
    throw new AssertionError("The job has ended well: nothing was cancelled");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aCancelledJobsRowsLeaveTheEngineAndAnothersGoOn(boolean interrupt) throws Exception {
    Dataset<Row> survivors = answers(texts("An order of a lamp", SURVIVORS), 900, WINDOW);
    List<Row> alone = survivors.collectAsList();
    assertThat(alone).allMatch(row -> row.<Row>getAs("completion").getInt(3) == 900);
    await(AT_ONCE, KilledTaskTest::isIdle);

    CompletableFuture<List<Row>> other = collect(survivors, "other", interrupt);
    await(AT_ONCE.multipliedBy(4), now -> requests(now) == SURVIVORS);
    CompletableFuture<List<Row>> victim =
        collect(answers(texts("A victim", 4_000), 400, WINDOW), "victim", interrupt);
    await(AT_ONCE.multipliedBy(4), now -> requests(now) > WINDOW);
    assertThat(ExecutorEngine.statistics().running()).isPositive();

    assertThat(other.isDone()).isFalse();
    spark.sparkContext().cancelJobGroup("victim");

    await(AT_ONCE, now -> requests(now) <= SURVIVORS);
    assertCancelled(victim);
    assertThat(other.get(120, TimeUnit.SECONDS)).isEqualTo(alone);
    await(AT_ONCE, KilledTaskTest::isIdle);
  }

  /**
   * Spark starts a killed task again; rows of its first try would stand beside those of its second.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aKilledTasksRowsAreNotThereTwice(boolean interrupt) throws Exception {
    Dataset<Row> rows = answers(texts("A parcel", 100), 40, WINDOW);
    List<Row> undisturbed = rows.collectAsList();

    lastTask.set(-1);
    CompletableFuture<List<Row>> job = collect(rows, "killed", interrupt);
    await(AT_ONCE.multipliedBy(4), now -> requests(now) == WINDOW);
    long first = lastTask.get();
    assertThat(spark.sparkContext().killTaskAttempt(first, interrupt, "killed by a test")).isTrue();
    int most = 0;
    while (!job.isDone()) {
      most = Math.max(most, requests(ExecutorEngine.statistics()));
      Thread.sleep(5);
    }

    assertThat(job.get()).isEqualTo(undisturbed);
    assertThat(lastTask.get()).isGreaterThan(first);
    assertThat(most).isBetween(1, WINDOW);
    await(AT_ONCE, KilledTaskTest::isIdle);
  }

  /** The window is wide, and rows come slowly: the task is killed long before it waits for one. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aTaskThatStillSubmitsIsKilledAtOnce(boolean interrupt) throws Exception {
    Dataset<Row> slow =
        texts("A slow one", 1_000)
            .map((MapFunction<Row, String>) KilledTaskTest::slowly, Encoders.STRING())
            .toDF("text");
    CompletableFuture<List<Row>> job = collect(answers(slow, 900, 1_000), "slow", interrupt);
    await(AT_ONCE.multipliedBy(4), now -> requests(now) > 0);

    spark.sparkContext().cancelJobGroup("slow");

    await(AT_ONCE, KilledTaskTest::isIdle);
    assertCancelled(job);
  }

  private static String slowly(Row row) throws InterruptedException {
    Thread.sleep(50);
    return row.getString(0);
  }
}
