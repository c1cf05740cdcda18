package io.sparkllama.job.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.config.SeedBy;
import io.sparkllama.job.metrics.EngineLoad;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.prompt.PromptTemplate;
import io.sparkllama.job.prompt.RowKeys;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import scala.jdk.javaapi.CollectionConverters;

/** Sends rows with long documents through the walk, to an engine where a letter is a token. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LongRowsTest {
  private static final RowLayout LAYOUT =
      new RowLayout(1, List.of("title", "text"), 0, false, true);
  private static final String SENTENCE = "Nine letters. "; // 14

  private GenerationCounts counts = GenerationCounts.NONE;

  @Test
  void partsAreAnsweredAndTheirTextsJoined() {
    FakeEngine engine = new FakeEngine(60);
    CompleteTask complete = complete(10, 1);
    List<Row> rows =
        run(engine, new SplitTask(complete), row(1, "T", SENTENCE.repeat(9)), row(2, "T", "fits"));
    Row completion = rows.get(0).getStruct(1);
    // 50 tokens for a prompt, 2 of them for the title: three sentences to a part.
    String part = "<T:" + SENTENCE.repeat(3) + ">";
    assertThat(completion.getString(0)).isEqualTo(part + "\n" + part + "\n" + part);
    assertThat(completion.getString(1)).isEqualTo("length");
    assertThat(completion.getInt(2)).isEqualTo(3 * (2 + 3 * 14));
    assertThat(completion.getInt(3)).isEqualTo(9);
    assertThat(completion.getDouble(4)).isEqualTo(-4.5);
    assertThat(rows.get(0).getInt(2)).isEqualTo(3);
    assertThat(rows.get(1).getStruct(1).getString(0)).isEqualTo("<T:fits>");
    assertThat(rows.get(1).getInt(2)).isEqualTo(1);
    assertThat(counts.rows()).isEqualTo(2);
    assertThat(counts.promptTokens()).isEqualTo(3 * 44 + 6);

    assertThat(keysOf(engine.requests))
        .containsExactlyInAnyOrder(
            key(1, 0), key(1, 1), key(1, 2), RowKeys.text(RowKeys.derive(List.of("2"))));
  }

  @Test
  void everyCompletionIsJoinedOfThePartsCompletions() {
    List<Row> rows =
        run(new FakeEngine(60), new SplitTask(complete(10, 3)), row(1, "T", SENTENCE.repeat(5)));
    assertThat(rows).hasSize(3);
    assertThat(rows).extracting(row -> row.getInt(1)).containsExactly(0, 1, 2);
    assertThat(rows).extracting(row -> row.getInt(3)).containsOnly(2);
    assertThat(rows).allMatch(row -> row.getStruct(2).getString(0).contains(">\n<T:"));
  }

  @Test
  void anErrorOfAPartIsTheRowsAndSaysWhichPartItWas() {
    String text = SENTENCE.repeat(3) + "It is too long. " + SENTENCE.repeat(3);
    Row row = run(new FakeEngine(60), new SplitTask(complete(10, 1)), row(1, "T", text)).get(0);
    Row error = row.getStruct(1).getStruct(5);
    assertThat(error.getString(0)).isEqualTo("prompt-too-long");
    assertThat(error.getString(1)).isEqualTo("Part 2 of 3: too many tokens");
    assertThat(row.get(2)).isNull();
    assertThat(counts.errors()).isEqualTo(Map.of("prompt-too-long", 1L));
  }

  @Test
  void whatCannotBeDividedGoesToTheEngineWhole() {
    FakeEngine engine = new FakeEngine(60);
    String title = "t".repeat(200);
    run(engine, new SplitTask(complete(10, 1)), row(1, title, title), row(2, null, "x"));
    // The title is the longest, the first of equals; what is left of the prompt fills the context.
    assertThat(engine.requests).hasSize(1);
    assertThat(engine.requests.get(0).prompt().text()).isEqualTo(title + ":" + title);
  }

  @Test
  void partsOfAClassifiedDocumentVote() {
    List<String> labels = List.of("x", "yy", "z");
    ClassifyTask classify =
        new ClassifyTask(prompt(), labels, Normalization.NONE, OverlongPolicy.ERROR);
    List<ClassifyResult> parts =
        List.of(
            vote(new double[] {0.6, 0.3, 0.1}, 7),
            vote(new double[] {0.1, 0.8, 0.1}, 8),
            vote(new double[] {0.5, 0.25, 0.25}, 9));
    Answer answer = classify.answers(parts).get(0);
    assertThat(answer.text()).isEqualTo("yy");
    assertThat(answer.promptTokens()).isEqualTo(24);
    assertThat(answer.typed().get(1)).isEqualTo((0.3 + 0.8 + 0.25) / 3);
    assertThat(answer.logProbability())
        .isEqualTo((Math.log(0.3) + Math.log(0.8) + Math.log(0.25)) / 3);
    assertThat(CollectionConverters.asJava((scala.collection.Map<?, ?>) answer.typed().get(2)))
        .hasSize(3);
    Answer tie =
        classify
            .answers(
                List.of(
                    vote(new double[] {0.25, 0.25, 0.5}, 1), vote(new double[] {0.5, 0.5, 0}, 1)))
            .get(0);
    assertThat(tie.text()).isEqualTo("x");

    FakeEngine engine = new FakeEngine(40);
    Row row = run(engine, new SplitTask(classify), row(1, "T", SENTENCE.repeat(8))).get(0);
    assertThat(row.getString(2)).isEqualTo(row.getStruct(1).getString(0));
    assertThat(row.getInt(5)).isEqualTo(4);
    assertThat(row.getStruct(1).getInt(2)).isEqualTo(4 * 5);
  }

  @Test
  void aShortDocumentIsSummarizedAsItIsCompleted() {
    FakeEngine engine = new FakeEngine(60);
    Row summary = run(engine, summarize(10), row(1, "T", "short")).get(0);
    Row completion = run(engine, complete(10, 1), row(1, "T", "short")).get(0);
    assertThat(summary.getStruct(1)).isEqualTo(completion.getStruct(1));
    assertThat(summary.getInt(2)).isEqualTo(1);
    assertThat(engine.requests.get(0)).isEqualTo(engine.requests.get(1));
  }

  @Test
  void summariesAreSummarizedLevelByLevel() {
    Summarizer engine = new Summarizer(60);
    Row row = run(engine, summarize(10), row(1, "T", SENTENCE.repeat(30))).get(0);
    // Three sentences to a part; 8 letters and a line feed a summary: five of them to a prompt.
    assertThat(row.getInt(2)).isEqualTo(10);
    assertThat(engine.requests).hasSize(10 + 2 + 1);
    GenerationRequest last = engine.requests.get(12);
    assertThat(last.prompt().text()).isEqualTo("T:<sum 10>\n<sum 11>");
    assertThat(RowKeys.text(last.rowKey()))
        .isEqualTo(RowKeys.text(RowKeys.ofCall(RowKeys.derive(List.of("1")), 2, 0)));
    Row completion = row.getStruct(1);
    assertThat(completion.getString(0)).isEqualTo("<sum 12>");
    assertThat(completion.getString(1)).isEqualTo("stop");
    assertThat(completion.getInt(2))
        .isEqualTo(engine.requests.stream().mapToInt(r -> r.prompt().text().length()).sum());
    assertThat(completion.getInt(3)).isEqualTo(13 * 2);
    assertThat(completion.getDouble(4)).isEqualTo(-0.5);
  }

  @Test
  void summariesMayHaveAPromptOfTheirOwn() {
    Summarizer engine = new Summarizer(60);
    SummarizeTask task =
        new SummarizeTask(
            complete(10, 1),
            new SummaryPrompt.OfSummaries(
                PromptTemplate.compile(
                    "summarize.combine", "{{ title }}+{{ summaries }}", LocalDate.EPOCH)));
    assertThat(task.names()).containsExactly("title", "text");
    run(engine, task, row(1, "T", SENTENCE.repeat(6)));
    assertThat(engine.requests.get(2).prompt().text()).isEqualTo("T+<sum 00>\n<sum 01>");
  }

  @Test
  void summariesThatDoNotGetShorterAreAnError() {
    Summarizer engine = new Summarizer(60, 40);
    Row row = run(engine, summarize(10), row(1, "T", SENTENCE.repeat(6))).get(0);
    Row error = row.getStruct(1).getStruct(5);
    assertThat(error.getString(0)).isEqualTo("prompt-too-long");
    assertThat(error.getString(1))
        .contains("lower generation.max-tokens")
        .endsWith(": 2 summaries, context 60");
    assertThat(row.getStruct(1).getInt(2)).isEqualTo(2 * 44);
    assertThat(row.get(2)).isNull();
  }

  @Test
  void anErrorOfALaterLevelSaysWhereItWas() {
    Summarizer engine = new Summarizer(60);
    engine.failing = 11;
    Row error =
        run(engine, summarize(10), row(1, "T", SENTENCE.repeat(30)))
            .get(0)
            .getStruct(1)
            .getStruct(5);
    assertThat(error.getString(0)).isEqualTo(RowError.NAN_LOGITS);
    assertThat(error.getString(1)).isEqualTo("Summaries of level 1: Part 2 of 2: no numbers");
  }

  @Test
  void theNextLevelIsAskedForWhileAnOlderRowWaits() throws Exception {
    SilentEngine silent = new SilentEngine();
    GenerationIterator answers =
        iterator(
            silent,
            summarize(10),
            8,
            row(1, "T", "waits"),
            row(2, "T", "Nine letters. ".repeat(10)));
    answers.fill();
    int parts = silent.futures.size() - 1;
    assertThat(parts).isGreaterThan(1);
    for (int i = 1; i <= parts; i++) {
      silent.answer(i, "short");
    }
    while (silent.futures.size() < parts + 2) {
      Thread.sleep(1); // until the second level's call is there; the first row has no answer
    }
    answers.close();
    assertThat(silent.futures.get(0)).isCancelled();
    assertThat(silent.futures.get(parts + 1)).isCancelled();
  }

  @Test
  void partsCountAsRequestsOfTheWindowUntilTheyAreAnswered() throws Exception {
    SilentEngine silent = new SilentEngine();
    GenerationIterator answers =
        iterator(
            silent,
            new SplitTask(complete(10, 1)),
            4,
            row(1, "T", "Nine letters. ".repeat(20)),
            row(2, "T", "another"));
    answers.fill();
    assertThat(silent.futures.size()).isBetween(4, 8); // the parts, and not the other row
    int parts = silent.futures.size();
    CompletableFuture<Row> first = CompletableFuture.supplyAsync(answers::next);
    IntStream.range(1, parts).forEach(i -> silent.answer(i, "x"));
    while (silent.futures.size() <= parts) {
      Thread.sleep(1); // until the other row is sent, while the first one still waits for a part
    }
    assertThat(first).isNotDone();
    silent.answer(0, "x");
    silent.answer(parts, "y");
    assertThat(first.get().getInt(0)).isEqualTo(1);
    assertThat(answers.next().getStruct(1).getString(0)).isEqualTo("y");
    answers.close();
  }

  @Test
  void equalLongRowsShareTheirCalls() {
    Summarizer engine = new Summarizer(60);
    Row one = RowFactory.create(1, "T", SENTENCE.repeat(9), "same");
    Row other = RowFactory.create(2, "T", SENTENCE.repeat(9), "same");
    List<Row> rows = run(engine, summarize(10), one, other);
    assertThat(rows.get(0).getStruct(1)).isEqualTo(rows.get(1).getStruct(1));
    assertThat(engine.requests).hasSize(4);
    assertThat(counts.repeatedRows()).isEqualTo(1);
  }

  /** Gives each request the same short text with its number, once it has a thread for it. */
  private static final class Summarizer implements EngineCalls {
    final List<GenerationRequest> requests = new ArrayList<>();
    int failing = -1;
    private final FakeEngine engine;
    private final int length;

    Summarizer(int contextLength) {
      this(contextLength, 0);
    }

    Summarizer(int contextLength, int length) {
      this.engine = new FakeEngine(contextLength);
      this.length = length;
    }

    @Override
    public synchronized CompletableFuture<List<GenerationResult>> generate(
        GenerationRequest request, int completions) {
      int number = requests.size();
      requests.add(request);
      return CompletableFuture.completedFuture(
          List.of(
              number == failing
                  ? GenerationResult.failed(5, new RowError(RowError.NAN_LOGITS, "no numbers"))
                  : new GenerationResult(
                      String.format("<sum %02d>", number) + "x".repeat(length),
                      Optional.empty(),
                      new int[] {1, 2},
                      FinishReason.STOP,
                      request.prompt().text().length(),
                      -0.5,
                      Optional.empty())));
    }

    @Override
    public CompletableFuture<ClassifyResult> classify(
        io.sparkllama.engine.api.ClassifyRequest request) {
      throw new AssertionError("this task generates only");
    }

    @Override
    public CompletableFuture<io.sparkllama.engine.api.ScoreResult> score(
        io.sparkllama.engine.api.ScoreRequest request) {
      throw new AssertionError("this task generates only");
    }

    @Override
    public int[] tokens(io.sparkllama.engine.api.Prompt prompt) {
      return engine.tokens(prompt);
    }

    @Override
    public int positions(io.sparkllama.engine.api.ClassifyRequest request) {
      return engine.positions(request);
    }

    @Override
    public int contextLength() {
      return engine.contextLength();
    }

    @Override
    public long cachePositions() {
      return 0;
    }

    @Override
    public EngineLoad load() {
      return engine.load();
    }

    @Override
    public SetAsideShare setAside() {
      return new SetAsideShare(0, 0);
    }

    @Override
    public long takeCachedTokens() {
      return 0;
    }
  }

  private List<Row> run(EngineCalls engine, RowTask task, Row... rows) {
    List<Row> answers = new ArrayList<>();
    GenerationIterator iterator = iterator(engine, task, 4, rows);
    iterator.forEachRemaining(answers::add);
    iterator.close();
    return answers;
  }

  private GenerationIterator iterator(EngineCalls engine, RowTask task, int window, Row... rows) {
    return new GenerationIterator(
        Arrays.asList(rows).iterator(),
        new RowWalk(task, LAYOUT),
        engine,
        window,
        () -> {},
        sum -> counts = sum);
  }

  private static Row row(int key, String title, String text) {
    return RowFactory.create(key, title, text, "prompt " + key);
  }

  private static String key(int row, int part) {
    return RowKeys.text(RowKeys.ofCall(RowKeys.derive(List.of("" + row)), 0, part));
  }

  private static List<String> keysOf(List<GenerationRequest> requests) {
    return requests.stream().map(request -> RowKeys.text(request.rowKey())).toList();
  }

  private static ClassifyResult vote(double[] probabilities, int promptTokens) {
    double[] likelihoods = Arrays.stream(probabilities).map(Math::log).toArray();
    int best = 0;
    for (int i = 1; i < probabilities.length; i++) {
      best = probabilities[i] > probabilities[best] ? i : best;
    }
    return new ClassifyResult(best, probabilities, likelihoods, promptTokens, Optional.empty());
  }

  private static SummarizeTask summarize(int maxTokens) {
    return new SummarizeTask(complete(maxTokens, 1), new SummaryPrompt.OfDocument());
  }

  private static CompleteTask complete(int maxTokens, int completions) {
    return new CompleteTask(
        prompt(),
        new SamplingParams(completions > 1 ? 0.8 : 0, 0, 1, 0, 0, maxTokens, List.of(), List.of()),
        OverlongPolicy.ERROR,
        SeedBy.KEY,
        completions);
  }

  private static PromptTemplate prompt() {
    return PromptTemplate.compile("prompt.template", "{{ title }}:{{ text }}", LocalDate.EPOCH);
  }
}
