package io.sparkllama.job.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.EqualPrompts;
import io.sparkllama.job.config.SeedBy;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.prediction.JobPrediction;
import io.sparkllama.job.prediction.TrialAnswer;
import io.sparkllama.job.prediction.TrialReport;
import io.sparkllama.job.prompt.PromptTemplate;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GenerationTrialTest {
  private static final FakeEngine ENGINE = new FakeEngine();
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void predictsWhatThePipelineThenCounts() {
    Dataset<Row> input =
        spark.range(600).selectExpr("concat('text ', repeat('x', int(id % 300))) as text", "id");
    int before = ENGINE.requests.size();
    JobPrediction prediction =
        trial(EqualPrompts.ONCE, 120).predict(input, List.of(), 0).orElseThrow();
    assertThat(ENGINE.requests.size() - before)
        .isEqualTo(prediction.trialRows())
        .isEqualTo(prediction.sampleRows())
        .isBetween(70, 180);
    assertThat(prediction.rows()).isEqualTo(600);
    assertThat(prediction.distinctPrompts()).isEqualTo(300);
    assertThat(prediction.asked()).isEqualTo(300);
    // A letter is a token, and there are three tokens in each answer.
    assertThat(prediction.promptTokens().value()).isCloseTo(600 * (5 + 149.5), within(1.0));
    assertThat(prediction.completionTokens().value()).isCloseTo(1_800, within(1e-6));
    assertThat(prediction.executors()).isEqualTo(1);
    assertThat(prediction.seconds().value()).isPositive();
  }

  @Test
  void asksForEveryRowWhereTheJobDoes() {
    Dataset<Row> input = spark.range(60).selectExpr("concat('each ', id % 20) as text");
    JobPrediction prediction =
        trial(EqualPrompts.EACH, 512).predict(input, List.of(), 0).orElseThrow();
    assertThat(prediction.distinctPrompts()).isEqualTo(20);
    assertThat(prediction.asked()).isEqualTo(60);
    assertThat(prediction.trialRows()).isEqualTo(20);
  }

  @Test
  void doesNotTryWhatIsTooShort() {
    Dataset<Row> input = spark.range(60).selectExpr("concat('short ', id % 20) as text");
    int before = ENGINE.requests.size();
    assertThat(trial(EqualPrompts.ONCE, 512).predict(input, List.of(), 21)).isEmpty();
    assertThat(ENGINE.requests).hasSize(before);
    assertThat(trial(EqualPrompts.ONCE, 512).predict(input, List.of(), 20)).isPresent();
    JobPrediction none =
        trial(EqualPrompts.ONCE, 512)
            .predict(spark.sql("select 'x' as text from range(0)"), List.of(), 0)
            .orElseThrow();
    assertThat(none.rows()).isZero();
    assertThat(none.sampleRows()).isZero();
  }

  @Test
  void rowsWithErrorsAreCountedAndPredicted() {
    Dataset<Row> input =
        spark.range(40).selectExpr("if(id % 4 = 0, 'too long ' || id, 'fine ' || id) as text");
    JobPrediction prediction =
        trial(EqualPrompts.ONCE, 512).predict(input, List.of(), 0).orElseThrow();
    assertThat(prediction.errors().value()).isCloseTo(10, within(1e-9));
    assertThat(prediction.completionTokens().value()).isCloseTo(30 * 3, within(3.0));
    Dataset<Row> refused = spark.sql("select if(id < 2, null, 'a' || id) as text from range(8)");
    assertThat(
            trial(EqualPrompts.ONCE, 512)
                .predict(refused, List.of(), 0)
                .orElseThrow()
                .errors()
                .value())
        .isCloseTo(8 / 7.0, within(1e-9)); // one of seven distinct prompts
  }

  @Test
  void keepsTheEngineBusyAndNoMoreWaitingThanThat() throws Exception {
    FakeEngine engine = new FakeEngine();
    TrialReport report = new PromptTrial(walk(), engine, limits(5, 60), () -> {}).run(rows(60));
    assertThat(engine.mostInFlight.get()).isEqualTo(8); // three wait for a place
    assertThat(report.answers()).hasSize(60);
    assertThat(report.prompts()).hasSize(60).allMatch(prompt -> prompt.length() == 77);
    assertThat(report.answers()).allMatch(answer -> answer.end() >= answer.start());
    assertThat(report.answers().get(1).start())
        .isGreaterThanOrEqualTo(report.answers().get(0).end()); // the first ran alone
  }

  @Test
  void countsAllTokensButStartsNoRowAfterItsTime() throws Exception {
    TrialReport report =
        new PromptTrial(walk(), new FakeEngine(), limits(5, 0), () -> {}).run(rows(60));
    assertThat(report.answers()).hasSize(1);
    assertThat(report.prompts()).hasSize(60);
    assertThat(report.prefixes().prompts()).isEqualTo(60);
  }

  @Test
  void endsWhereTheEngineCannotRunTooManyOfItsRows() throws Exception {
    FakeEngine engine = new FakeEngine();
    for (int trial = 0; trial < 2; trial++) { // what an earlier one met does not count
      TrialReport report =
          new PromptTrial(walk(), engine, limits(5, 60), () -> {}).run(rows(100, 20));
      assertThat(report.answers()).hasSize(100);
      assertThat(report.answers().stream().filter(TrialAnswer::failed)).hasSize(20);
    }
    int before = engine.requests.size();
    PromptTrial trial = new PromptTrial(walk(), engine, limits(5, 60), () -> {});
    assertThatThrownBy(() -> trial.run(rows(2000, 2000)))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageMatching("(?s).*Set aside were 2\\d of 2\\d requests.*: by signal 6");
    assertThat(engine.requests.size() - before).isLessThan(40); // 21 and those in flight
  }

  @Test
  void beforeARunItStartsNoMoreThenAndReportsWhatItHas() throws Exception {
    FakeEngine engine = new FakeEngine();
    PromptTrial trial = new PromptTrial(walk(), engine, limits(5, 60).beforeRun(), () -> {});
    TrialReport report = trial.run(rows(2000, 2000));
    assertThat(report.prompts()).hasSize(2000);
    assertThat(report.answers()).hasSizeBetween(21, 40).allMatch(TrialAnswer::failed);
    assertThat(engine.requests).hasSize(report.answers().size());
  }

  @Test
  void withdrawsItsRowsWhenTheTaskIsKilled() {
    SilentEngine engine = new SilentEngine();
    PromptTrial trial =
        new PromptTrial(
            walk(),
            engine,
            limits(5, 60),
            () -> {
              throw new IllegalStateException("killed");
            });
    assertThatThrownBy(() -> trial.run(rows(60))).hasMessage("killed");
    assertThat(engine.futures).hasSize(1).allMatch(future -> future.isCancelled());
  }

  private static java.util.Iterator<Row> rows(int count) {
    return rows(count, 0);
  }

  private static java.util.Iterator<Row> rows(int count, int fatal) {
    return IntStream.range(0, count)
        .mapToObj(i -> RowFactory.create((i < fatal ? "fatal " : "text ") + i, "key " + i, 77L))
        .iterator();
  }

  private static RowWalk walk() {
    return new RowWalk(complete(), new RowLayout(0, List.of("text"), 0, false, true));
  }

  private static TrialLimits limits(int concurrency, int seconds) {
    return new TrialLimits(60, concurrency, seconds);
  }

  private static GenerationTrial trial(EqualPrompts equalPrompts, int prompts) {
    return new GenerationTrial(
        () -> ENGINE,
        new PipelineSpecification(
            complete(),
            "prompt.template",
            List.of(),
            Optional.empty(),
            8,
            new RowSpread(equalPrompts, 2)),
        new TrialLimits(prompts, 8, 60));
  }

  private static CompleteTask complete() {
    return new CompleteTask(
        PromptTemplate.compile("prompt.template", "{{ text }}", java.time.LocalDate.EPOCH),
        SamplingParams.greedy(3),
        OverlongPolicy.ERROR,
        SeedBy.KEY,
        1);
  }
}
