package io.sparkllama.job.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.EqualPrompts;
import io.sparkllama.job.config.SeedBy;
import io.sparkllama.job.metrics.EngineGauge;
import io.sparkllama.job.metrics.EngineProgress;
import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.metrics.GenerationProgress;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.PromptTemplate;
import io.sparkllama.job.source.InputColumn;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GenerationPipelineTest {
  private static final FakeEngine ENGINE = new FakeEngine();
  private static final SilentEngine SILENT = new SilentEngine();
  private static SparkSession spark;

  private final GenerationCounter counter = new GenerationCounter();
  private final EngineGauge gauge = new EngineGauge();

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void register() {
    spark.sparkContext().register(counter, "rows");
    spark.sparkContext().register(gauge, "engine");
  }

  @Test
  void completesWithADerivedKeyAndChosenColumns() {
    Dataset<Row> answers =
        pipeline(complete("{{ text }} {{ n }}"), "n", "When")
            .apply(
                spark.sql(
                    "select * from values ('a', 1.5D, date'2026-01-02'), ('b', null, null)"
                        + " as t(text, n, when)"),
                List.of());
    assertThat(answers.schema().simpleString())
        .isEqualTo(
            "struct<key:string,n:double,when:date,completion:struct<text:string,"
                + "finish_reason:string,prompt_tokens:int,completion_tokens:int,"
                + "log_probability:double,error:struct<class:string,message:string>>>");
    List<Row> rows = answers.orderBy("when").collectAsList();
    assertThat(rows.get(0).getStruct(3).getStruct(5).getString(0)).isEqualTo("null-input");
    assertThat(rows.get(0).getString(0)).matches("[0-9a-f]{32}");
    assertThat(rows.get(1).getStruct(3).getString(0)).isEqualTo("<a 1.5>");
    assertThat(rows.get(1).get(1)).isEqualTo(1.5);
    assertThat(rows.get(1).get(2)).isEqualTo(java.time.LocalDate.of(2026, 1, 2));
    assertThat(counts().rows()).isEqualTo(2);
    assertThat(counts().errors()).containsOnlyKeys("null-input");
  }

  @Test
  void classifiesWithUserKeysOfTheirOwnType() {
    Dataset<Row> input =
        spark.sql(
            "select * from values (7, 'aa', 'y'), (8, 'a', 'x'), (9, 'a', null) as t(id, text, gold)");
    GenerationPipeline pipeline =
        new GenerationPipeline(
            () -> ENGINE,
            new PipelineSpecification(
                new ClassifyTask(
                    PromptTemplate.compile(
                        "prompt.template", "{{ text }}", java.time.LocalDate.EPOCH),
                    List.of("x", "y"),
                    Normalization.NONE,
                    OverlongPolicy.ERROR),
                "prompt.template",
                List.of("ID"),
                Optional.of("gold"),
                8,
                RowSpread.ofSource()),
            counter,
            gauge);
    List<Row> rows =
        pipeline
            .apply(input, List.of(InputColumn.resolveText(input.schema(), "id", "input.key")))
            .orderBy("id")
            .collectAsList();
    assertThat(rows.get(0).schema().fieldNames())
        .containsExactly("id", "completion", "label", "probability", "probabilities");
    assertThat(rows).extracting(row -> row.getInt(0)).containsExactly(7, 8, 9);
    assertThat(rows).extracting(row -> row.getString(2)).containsExactly("x", "y", "y");
    assertThat(rows.get(0).getDouble(3)).isEqualTo(1.0);
    assertThat(rows.get(0).getJavaMap(4)).isEqualTo(java.util.Map.of("x", 1.0, "y", 0.0));
    assertThat(rows.get(0).getStruct(1).getDouble(4)).isEqualTo(-0.25);
    assertThat(counts().goldRows()).isEqualTo(2);
    assertThat(counts().goldHits()).isZero();
  }

  @Test
  void scoresContinuations() {
    Row row =
        new GenerationPipeline(
                () -> ENGINE,
                new PipelineSpecification(
                    new ScoreTask(
                        PromptTemplate.compile(
                            "score.context", "{{ a }}", java.time.LocalDate.EPOCH),
                        PromptTemplate.compile(
                            "score.continuation", " {{ b }}", java.time.LocalDate.EPOCH)),
                    "score.context",
                    List.of(),
                    Optional.empty(),
                    8,
                    RowSpread.ofSource()),
                counter,
                gauge)
            .apply(spark.sql("select 'x' as a, 'yyy' as b"), List.of())
            .first();
    assertThat(row.getDouble(2)).isEqualTo(-4);
    assertThat(row.getInt(3)).isEqualTo(4);
    assertThat(row.getBoolean(4)).isTrue();
    assertThat(row.getStruct(1).get(0)).isNull();
  }

  @Test
  void answersAreTheSameForAnyPartitioning() {
    Dataset<Row> input = spark.range(500).selectExpr("concat('text ', id % 400) as text", "id");
    List<Row> one = run(input.coalesce(1));
    assertThat(run(input.repartition(5))).isEqualTo(one);
    assertThat(one).hasSize(500);
  }

  @Test
  void equalPromptsAreAnsweredOnceAndEveryRowHasTheAnswer() {
    Dataset<Row> input =
        spark
            .range(900)
            .selectExpr(
                "concat('once ', id % 100) as text",
                "if(id % 7 = 0, null, map('k', id % 3, 'l', 1)) as map", "id");
    int before = ENGINE.requests.size();
    Dataset<Row> answers =
        pipeline(
                new RowSpread(EqualPrompts.ONCE, 0).over(900, 3),
                complete("{{ text }} {{ map.k if map }}"),
                "id")
            .apply(input, List.of());
    List<Row> rows = byId(answers); // to have Spark sort would run the rows twice
    int asked = ENGINE.requests.size() - before;

    assertThat(rows)
        .isEqualTo(
            byId(
                pipeline(complete("{{ text }} {{ map.k if map }}"), "id").apply(input, List.of())));
    assertThat(asked).isEqualTo(400); // 100 texts, each with 3 maps and none
    assertThat(answers.rdd().getNumPartitions()).isEqualTo(3);
  }

  @Test
  void countsRepeatedRowsAndTheirTokens() {
    Dataset<Row> input =
        spark.range(100).selectExpr("concat('rep ', lpad(id % 25, 2, '0')) as text", "id");
    List<Row> rows =
        pipeline(new RowSpread(EqualPrompts.ONCE, 2), complete("{{ text }}"), "id")
            .apply(input, List.of())
            .collectAsList();
    assertThat(rows).hasSize(100);
    assertThat(counts().rows()).isEqualTo(100);
    assertThat(counts().repeatedRows()).isEqualTo(75);
    assertThat(counts().promptTokens()).isEqualTo(100 * 6); // a letter is a token here
    assertThat(counts().cachedTokens()).isEqualTo(75 * 6 + 100 * 3); // 3 with every answer
  }

  @Test
  void longAndShortPromptsComeInNoOrder() {
    Dataset<Row> input = spark.range(200).selectExpr("repeat('long ', int(id)) as text", "id");
    List<Long> order =
        pipeline(new RowSpread(EqualPrompts.ONCE, 1), complete("{{ text }}"), "id")
            .apply(input, List.of())
            .collectAsList()
            .stream()
            .map(row -> row.getLong(1))
            .toList();
    assertThat(order).hasSize(200);
    double firstHalf = order.subList(0, 100).stream().mapToLong(id -> id).average().orElseThrow();
    assertThat(firstHalf).isBetween(80.0, 120.0);
  }

  @Test
  void everyCompletionHasARowWithItsSample() {
    Dataset<Row> input =
        spark.sql("select * from values ('fine', 1), ('too long', 2), (null, 3) as t(text, id)");
    CompleteTask task =
        new CompleteTask(
            PromptTemplate.compile("prompt.template", "{{ text }}", java.time.LocalDate.EPOCH),
            new SamplingParams(0.8, 0, 1, 0, 0, 3, List.of(), List.of()),
            OverlongPolicy.ERROR,
            SeedBy.KEY,
            3);
    List<Row> rows = pipeline(task, "id").apply(input, List.of()).collectAsList();
    assertThat(rows.get(0).schema().fieldNames())
        .containsExactly("key", "sample", "id", "completion");
    assertThat(rows)
        .extracting(row -> row.getInt(2) + "." + row.getInt(1))
        .containsExactlyInAnyOrder("1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "3.0", "3.1", "3.2");
    assertThat(rows)
        .extracting(row -> row.getStruct(3).isNullAt(5))
        .filteredOn(fine -> fine)
        .hasSize(3);
    assertThat(counts().rows()).isEqualTo(9);
    assertThat(counts().promptTokens()).isEqualTo(3 * 4 + 3 * 900);
    assertThat(counts().cachedTokens()).isEqualTo(2 * 4 + 3 * 3);
  }

  @Test
  void randomNumbersFollowThePromptWhereTheJobSaysSo() {
    Dataset<Row> input = spark.sql("select * from values (1, 'seed'), (2, 'seed') as t(id, text)");
    List<InputColumn> keys = List.of(InputColumn.resolveText(input.schema(), "id", "input.key"));
    for (SeedBy seedBy : SeedBy.values()) {
      int before = ENGINE.requests.size();
      CompleteTask task =
          new CompleteTask(
              PromptTemplate.compile("prompt.template", "{{ text }}", java.time.LocalDate.EPOCH),
              new SamplingParams(0.8, 0, 1, 0, 0, 3, List.of(), List.of()),
              OverlongPolicy.ERROR,
              seedBy,
              1);
      assertThat(pipeline(task).apply(input, keys).collectAsList()).hasSize(2);
      assertThat(
              ENGINE.requests.subList(before, ENGINE.requests.size()).stream()
                  .map(GenerationRequest::rowKey)
                  .distinct())
          .hasSize(seedBy == SeedBy.KEY ? 2 : 1);
      assertThat(task.answersDependOnKey()).isEqualTo(seedBy == SeedBy.KEY);
    }
  }

  @Test
  void refusesColumnsBeforeAnyWork() {
    Dataset<Row> input =
        spark.sql("select 'a' as text, 'b' as completion, cast('a' as binary) as bytes");
    int seen = ENGINE.requests.size();
    refused(complete("{{ txt }}"), input, "prompt.template names a column", "Did you mean text?");
    refused(complete("{{ bytes }}"), input, "is of type binary");
    refused(complete("{{ text }}"), input, "one name", "completion");
    refused(complete("no column"), input, "names no column", "input.key");
    assertThat(ENGINE.requests).hasSize(seen);
  }

  @Test
  void templatesSeeListsMapsStructsAndNumbers() {
    Dataset<Row> input =
        spark.sql(
            "select 7 as id, array('a', null, 'b') as list, map('k', 2) as map,"
                + " named_struct('x', 1.5F, 'y', named_struct('z', true)) as s, null as nothing,"
                + " 1.50BD as price, date'2026-01-02' as day, float('nan') as odd");
    String template =
        "{% for item in list if item %}{{ item|upper }}{{ ',' if not loop.last }}{% endfor %}"
            + " {{ map.k + id }} {{ s.x }} {{ s.y.z }} {{ nothing or 'none' }} {{ price }} {{ day }} {{ odd }}"
            + "{% set id = 'set' %} {{ id }}";
    Row row = pipeline(complete(template)).apply(input, List.of()).head();
    assertThat(row.getStruct(1).getString(0))
        .isEqualTo("<A,B 9 1.5 True none 1.50 2026-01-02 nan set>");
    assertThat(row.getString(0)).hasSize(32);
  }

  @Test
  void aTemplateThatRefusesARowSaysSoInItsErrorWithoutItsText() {
    Dataset<Row> input = spark.sql("select 'secret' as text");
    Row own =
        pipeline(complete("{{ text }}{{ raise_exception('too short') }}"))
            .apply(input, List.of())
            .head();
    assertThat(own.getStruct(1).getStruct(5).getString(0)).isEqualTo("template");
    assertThat(own.getStruct(1).getStruct(5).getString(1))
        .isEqualTo("prompt.template, line 1: too short");
    Row quoting =
        pipeline(complete("{{ raise_exception('not ' ~ text) }}")).apply(input, List.of()).head();
    assertThat(quoting.getStruct(1).getStruct(5).getString(1)).doesNotContain("secret");
  }

  @Test
  void conversationsGoToTheModelInItsFormatAndThoughtsToTheirColumn() {
    ChatPrompt prompt =
        new ChatPrompt(
                Optional.empty(),
                Optional.of(
                    PromptTemplate.compile("prompt.user", "{{ text }}", java.time.LocalDate.EPOCH)),
                Optional.of("turns"),
                List.of(),
                Map.of(),
                java.time.LocalDate.EPOCH,
                Optional.empty())
            .in(
                ChatFormat.compile(
                    "format",
                    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}",
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(new ReasoningMarks("<think>", "</think>"))));
    CompleteTask task =
        new CompleteTask(prompt, SamplingParams.greedy(3), OverlongPolicy.ERROR, SeedBy.KEY, 1);
    Dataset<Row> input =
        spark.sql(
            "select 'Why?' as text, array(named_struct('role', 'user', 'content', 'Hi'),"
                + " named_struct('role', 'assistant', 'content', 'Ho')) as turns, 'x' as turn");
    Dataset<Row> answers = pipeline(task).apply(input, List.of());
    assertThat(answers.schema().fieldNames()).endsWith("completion", "reasoning");
    Row row = answers.head();
    assertThat(row.getStruct(1).getString(0)).isEqualTo("<[user]Hi[assistant]Ho[user]Why?>");
    assertThat(row.getString(2)).isEqualTo("between <think></think>");
    refused(
        new CompleteTask(
            new ChatPrompt(
                Optional.empty(),
                Optional.empty(),
                Optional.of("turn"),
                List.of(),
                Map.of(),
                java.time.LocalDate.EPOCH,
                Optional.empty()),
            SamplingParams.greedy(3),
            OverlongPolicy.ERROR,
            SeedBy.KEY,
            1),
        input,
        "prompt.messages needs",
        "turn is of type string");
  }

  @Test
  void countsPartitionsOnceHoweverOftenTheyRun() {
    Dataset<Row> answers =
        pipeline(complete("{{ text }}"))
            .apply(spark.sql("select 'again ' || id as text from range(0, 20, 1, 2)"), List.of());
    assertThat(answers.collectAsList()).hasSize(20);
    assertThat(answers.collectAsList()).hasSize(20);
    assertThat(counts().rows()).isEqualTo(20);
  }

  @Test
  void withdrawsItsRowsWhenTheJobIsCancelled() throws Exception {
    SILENT.futures.clear();
    Dataset<Row> answers =
        new GenerationPipeline(
                () -> SILENT,
                new PipelineSpecification(
                    complete("{{ text }}"),
                    "prompt.template",
                    List.of(),
                    Optional.empty(),
                    3,
                    RowSpread.ofSource()),
                counter,
                gauge)
            .apply(spark.sql("select 'open ' || id as text from range(0, 20, 1, 1)"), List.of());
    Thread job =
        new Thread(
            () -> {
              spark.sparkContext().setJobGroup("cancelled", "cancelled", false);
              try {
                answers.collectAsList();
              } catch (RuntimeException | Error expected) {
                Thread.currentThread().interrupt(); // ends the thread, as cancelling must
              }
            });
    job.setUncaughtExceptionHandler((thread, ended) -> {});
    job.start();
    await(() -> SILENT.futures.size() == 3);
    spark.sparkContext().cancelJobGroup("cancelled");
    await(() -> SILENT.futures.stream().allMatch(future -> future.isCancelled()));
    job.join(10_000);
    assertThat(SILENT.futures).hasSize(3);
    assertThat(counts().rows()).isZero();
  }

  private static void await(java.util.function.BooleanSupplier condition) throws Exception {
    for (int i = 0; i < 600 && !condition.getAsBoolean(); i++) {
      Thread.sleep(50);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  @Test
  void followsRunningTasksByTheirHeartbeats() throws Exception {
    GenerationProgress progress = new GenerationProgress();
    progress.follow(counter);
    EngineProgress engines = new EngineProgress(gauge, 4);
    spark.sparkContext().addSparkListener(progress);
    spark.sparkContext().addSparkListener(engines);
    try {
      Dataset<Row> answers =
          pipeline(complete("{{ text }}"))
              .apply(spark.sql("select 'slow ' || id as text from range(0, 600, 1, 1)"), List.of());
      Thread job = new Thread(() -> answers.foreach(slow()));
      job.start();
      long seen = 0;
      for (int i = 0; i < 300 && seen == 0; i++) {
        Thread.sleep(50);
        seen = progress.counts().rows();
      }
      assertThat(job.isAlive()).isTrue();
      assertThat(seen).isBetween(1L, 600L);
      // Three of four places in each of two steps, and no step since, where it was told twice.
      await(() -> engines.use().isPresent());
      assertThat(engines.use().get()).isIn(new EngineUse(0.75, 0.25), new EngineUse(0, 0.25));
      job.join();
      assertThat(progress.counts().rows()).isEqualTo(600);
      await(() -> engines.use().isEmpty()); // no task runs any more
    } finally {
      spark.sparkContext().removeSparkListener(progress);
      spark.sparkContext().removeSparkListener(engines);
    }
  }

  private static org.apache.spark.api.java.function.ForeachFunction<Row> slow() {
    return row -> Thread.sleep(8);
  }

  private List<Row> run(Dataset<Row> input) {
    return pipeline(complete("{{ text }}"), "id")
        .apply(input, List.of())
        .orderBy("id")
        .collectAsList();
  }

  private static List<Row> byId(Dataset<Row> answers) {
    return answers.collectAsList().stream()
        .sorted(Comparator.comparingLong(row -> row.getLong(1)))
        .toList();
  }

  private GenerationCounts counts() {
    return GenerationCounter.sum(counter.value());
  }

  private GenerationPipeline pipeline(RowTask task, String... columns) {
    return pipeline(RowSpread.ofSource(), task, columns);
  }

  private GenerationPipeline pipeline(RowSpread spread, RowTask task, String... columns) {
    return new GenerationPipeline(
        () -> ENGINE,
        new PipelineSpecification(
            task, "prompt.template", List.of(columns), Optional.empty(), 8, spread),
        counter,
        gauge);
  }

  private static CompleteTask complete(String template) {
    return new CompleteTask(
        PromptTemplate.compile("prompt.template", template, java.time.LocalDate.EPOCH),
        SamplingParams.greedy(3),
        OverlongPolicy.ERROR,
        SeedBy.KEY,
        1);
  }

  private void refused(RowTask task, Dataset<Row> input, String... parts) {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> pipeline(task, "completion").apply(input, List.of()))
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
  }
}
