package io.sparkllama.job.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.job.config.SeedBy;
import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.EngineLoad;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.prompt.PromptTemplate;
import io.sparkllama.job.prompt.RowKeys;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class GenerationIteratorTest {
  private static final RowWalk WALK =
      new RowWalk(
          new CompleteTask(
              PromptTemplate.compile("prompt.template", "{{ text }}", java.time.LocalDate.EPOCH),
              SamplingParams.greedy(3),
              OverlongPolicy.ERROR,
              SeedBy.KEY,
              1),
          new RowLayout(1, List.of("text"), 0, false, true));

  private final AtomicReference<GenerationCounts> counts =
      new AtomicReference<>(GenerationCounts.NONE);

  @Test
  void yieldsInOrderWithABoundedWindow() {
    FakeEngine engine = new FakeEngine();
    int[] read = {0};
    Iterator<Row> rows =
        IntStream.range(0, 200)
            .peek(i -> read[0] = i + 1)
            .mapToObj(GenerationIteratorTest::row)
            .iterator();
    GenerationIterator answers = iterator(rows, engine, 5);
    for (int i = 0; i < 200; i++) {
      Row row = answers.next();
      assertThat(row.getInt(0)).isEqualTo(i);
      assertThat(row.getStruct(1).getString(0)).isEqualTo("<text " + i + ">");
      assertThat(read[0]).isLessThanOrEqualTo(i + 5);
    }
    assertThat(answers.hasNext()).isFalse();
    assertThatThrownBy(answers::next).isInstanceOf(NoSuchElementException.class);
    assertThat(engine.mostInFlight.get()).isBetween(2, 5);
    assertThat(counts.get().rows()).isEqualTo(200);
    assertThat(counts.get().completionTokens()).isEqualTo(600);
    assertThat(counts.get().cachedTokens()).isEqualTo(200 * 3);
  }

  @Test
  void equalPromptsThatStandTogetherShareARequest() {
    FakeEngine engine = new FakeEngine();
    int[] read = {0};
    Iterator<Row> rows =
        IntStream.range(0, 300)
            .peek(i -> read[0] = i + 1)
            .mapToObj(i -> RowFactory.create(i, "run " + i / 100, "run " + i / 100))
            .iterator();
    GenerationIterator answers = iterator(rows, engine, 2);
    for (int i = 0; i < 300; i++) {
      Row row = answers.next();
      assertThat(row.getInt(0)).isEqualTo(i);
      assertThat(row.getStruct(1).getString(0)).isEqualTo("<run " + i / 100 + ">");
      assertThat(read[0]).isLessThanOrEqualTo(i + 2 * 8);
    }
    assertThat(engine.requests).hasSize(3);
    assertThat(counts.get().repeatedRows()).isEqualTo(297);
    answers.close();
  }

  @Test
  void endsWithTheRowsInFlightAndTheGroupUnderWay() {
    FakeEngine engine = new FakeEngine();
    int[] read = {0};
    // Groups of two rows. The gate closes when two groups have begun.
    Iterator<Row> rows =
        IntStream.range(0, 20)
            .peek(i -> read[0] = i + 1)
            .mapToObj(i -> RowFactory.create(i, "run " + i / 2, "run " + i / 2))
            .iterator();
    List<Long> used = new ArrayList<>();
    GenerationIterator.Watch watch =
        new GenerationIterator.Watch() {
          private int begun;

          @Override
          public void check() {}

          @Override
          public boolean admits() {
            return begun++ < 2;
          }

          @Override
          public void used(long tokens) {
            used.add(tokens);
          }
        };
    List<Integer> answered = new ArrayList<>();
    new GenerationIterator(rows, WALK, engine, 8, watch, counts::set)
        .forEachRemaining(row -> answered.add(row.getInt(0)));
    assertThat(answered).containsExactly(0, 1, 2, 3);
    assertThat(engine.requests).hasSize(2);
    assertThat(read[0]).isEqualTo(5); // the first row that may not begin
    // Each answer has 5 and 3 tokens; a repeated one costs nothing; 3 are cached with each row.
    assertThat(used).containsExactly(5L, 2L, 7L, 4L);
  }

  @Test
  void closingWithdrawsASharedRequest() {
    Waiting engine = new Waiting(new CompletableFuture<>());
    Iterator<Row> rows =
        IntStream.range(0, 9).mapToObj(i -> RowFactory.create(i, "same", "same")).iterator();
    GenerationIterator answers = iterator(rows, engine, 4);
    answers.fill();
    answers.close();
    assertThat(engine.futures).hasSize(1).allMatch(CompletableFuture::isCancelled);
  }

  @Test
  void givesARowsErrorToTheRowAndGoesOn() {
    FakeEngine engine = new FakeEngine();
    List<Row> rows =
        List.of(
            RowFactory.create(1, "too long", "a"),
            RowFactory.create(2, null, "b"),
            RowFactory.create(3, "fine", "c"));
    List<Row> answers = new ArrayList<>();
    iterator(rows.iterator(), engine, 2).forEachRemaining(answers::add);
    Row tooLong = answers.get(0).getStruct(1);
    assertThat(tooLong.get(0)).isNull();
    assertThat(tooLong.getString(1)).isEqualTo("error");
    assertThat(tooLong.getInt(2)).isEqualTo(900);
    assertThat(tooLong.get(4)).isNull();
    assertThat(tooLong.getStruct(5).getString(0)).isEqualTo("prompt-too-long");
    assertThat(answers.get(1).getStruct(1).getStruct(5).getString(0)).isEqualTo("null-input");
    assertThat(answers.get(1).getStruct(1).getStruct(5).getString(1)).contains("is null", ": text");
    assertThat(answers.get(2).getStruct(1).get(5)).isNull();
    assertThat(engine.requests).hasSize(2);
    assertThat(counts.get().errors()).isEqualTo(Map.of("prompt-too-long", 1L, "null-input", 1L));
  }

  @Test
  void failsTheTaskWhenTheEngineFails() {
    CompletableFuture<List<GenerationResult>> failed =
        CompletableFuture.failedFuture(new EngineFailedException("the engine has ended"));
    GenerationIterator answers = iterator(rows(3), new Waiting(failed), 2);
    assertThatThrownBy(answers::next)
        .isInstanceOf(EngineFailedException.class)
        .hasMessage("the engine has ended");
    assertThat(counts.get().rows()).isZero();
  }

  @Test
  void withdrawsAllRowsWhenClosed() {
    CompletableFuture<List<GenerationResult>> open = new CompletableFuture<>();
    Waiting engine = new Waiting(open);
    GenerationIterator answers = iterator(rows(10), engine, 4);
    answers.fill();
    assertThat(engine.futures).hasSize(4);
    answers.close();
    answers.close();
    assertThat(engine.futures).allMatch(CompletableFuture::isCancelled);
    assertThat(answers.hasNext()).isFalse();
    assertThat(engine.futures).hasSize(4);
  }

  @Test
  void stopsWaitingWhenTheTaskIsKilled() {
    GenerationIterator answers =
        new GenerationIterator(
            rows(3),
            WALK,
            new Waiting(new CompletableFuture<>()),
            2,
            () -> {
              throw new IllegalStateException("killed");
            },
            counts::set);
    assertThatThrownBy(answers::next).hasMessage("killed");
    Thread.currentThread().interrupt();
    GenerationIterator interrupted = iterator(rows(3), new Waiting(new CompletableFuture<>()), 2);
    assertThatThrownBy(interrupted::next).hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void aKilledTaskReadsNoFurtherRow() {
    Waiting engine = new Waiting(new CompletableFuture<>());
    GenerationIterator answers =
        new GenerationIterator(
            rows(1_000),
            WALK,
            engine,
            1_000,
            () -> {
              if (engine.futures.size() == 3) {
                throw new IllegalStateException("killed");
              }
            },
            counts::set);
    assertThatThrownBy(answers::hasNext).hasMessage("killed");
    assertThat(engine.futures).hasSize(3);
    answers.close();
    assertThat(engine.futures).allMatch(CompletableFuture::isCancelled);
  }

  @Test
  void rowsThatTheEngineCannotRunAreHandedOverAndNotYielded() {
    List<DeadRow> dead = new ArrayList<>();
    PartitionReport report =
        new PartitionReport() {
          @Override
          public void counted(GenerationCounts all) {
            counts.set(all);
          }

          @Override
          public boolean takes(DeadRow row) {
            return dead.add(row);
          }
        };
    Iterator<Row> rows = fatalRows();
    GenerationIterator answers =
        new GenerationIterator(rows, WALK, new FakeEngine(), 2, () -> {}, report);
    List<Integer> keys = new ArrayList<>();
    while (answers.hasNext()) {
      keys.add(answers.next().getInt(0));
    }
    // The last two share a request.
    assertThat(keys).containsExactly(1, 2, 3, 5);
    assertThat(dead).hasSize(4);
    assertThat(dead)
        .extracting(DeadRow::row)
        .isEqualTo(
            List.of("0", "4", "6", "7").stream()
                .map(key -> RowKeys.text(RowKeys.derive(List.of(key))))
                .toList());
    assertThat(dead).extracting(DeadRow::repeated).containsExactly(false, false, false, true);
    assertThat(dead.get(0).errorClass()).isEqualTo("set-aside");
    assertThat(dead.get(0).message()).isEqualTo("by signal 6");
    assertThat(counts.get().rows()).isEqualTo(4);
    assertThat(counts.get().errors()).containsOnlyKeys("prompt-too-long");
  }

  /** Where nobody takes them, rows that the engine cannot run have their error. */
  @Test
  void rowsThatTheEngineCannotRunHaveTheirErrorWhereNobodyTakesThem() {
    GenerationIterator answers = iterator(fatalRows(), new FakeEngine(), 2);
    List<Row> rows = new ArrayList<>();
    answers.forEachRemaining(rows::add);
    assertThat(rows).hasSize(8);
    assertThat(rows.get(0).getStruct(1).getStruct(5).getString(0)).isEqualTo("set-aside");
    assertThat(counts.get().errors()).isEqualTo(Map.of("set-aside", 4L, "prompt-too-long", 1L));
  }

  /** Equal rows are one request. */
  @Test
  void tooManyRequestsThatTheEngineCannotRunEndTheTaskWhereNobodyTakesThem() {
    assertThat(withFatal(20, new FakeEngine())).toIterable().hasSize(30);
    GenerationIterator answers = withFatal(21, new FakeEngine());
    assertThatThrownBy(() -> answers.forEachRemaining(row -> {}))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("Set aside were 21 of ")
        .hasMessageContaining("by signal 6");
  }

  /** However few rows each of its partitions has. */
  @Test
  void requestsOfAllPartitionsOfAnExecutorCount() {
    FakeEngine engine = new FakeEngine();
    assertThat(withFatal(7, engine)).toIterable().hasSize(17);
    assertThat(withFatal(13, engine)).toIterable().hasSize(23);
    GenerationIterator answers = withFatal(1, engine);
    assertThatThrownBy(() -> answers.forEachRemaining(row -> {}))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("Set aside were 21 of 21 requests");
  }

  /** Returns the answers to so many fatal prompts and ten rows more that repeat the last. */
  private GenerationIterator withFatal(int prompts, FakeEngine engine) {
    Iterator<Row> rows =
        IntStream.range(0, prompts + 10)
            .mapToObj(
                i -> {
                  String text = "fatal " + Math.min(i, prompts - 1);
                  return RowFactory.create(i, text, text);
                })
            .iterator();
    return iterator(rows, engine, 4);
  }

  private static Iterator<Row> fatalRows() {
    List<String> texts = List.of("fatal", "b", "c", "too long", "fatal d", "e", "fatal", "fatal");
    return IntStream.range(0, texts.size())
        .mapToObj(i -> RowFactory.create(i, texts.get(i), texts.get(i)))
        .iterator();
  }

  private GenerationIterator iterator(Iterator<Row> rows, EngineCalls engine, int window) {
    return new GenerationIterator(rows, WALK, engine, window, () -> {}, counts::set);
  }

  private static Row row(int i) {
    return RowFactory.create(i, "text " + i, "prompt key " + i);
  }

  private static Iterator<Row> rows(int count) {
    return IntStream.range(0, count).mapToObj(GenerationIteratorTest::row).iterator();
  }

  /** Gives each request a copy of one future. */
  private static final class Waiting implements EngineCalls {
    @Override
    public int[] tokens(Prompt prompt) {
      throw new AssertionError("this task counts no tokens");
    }

    @Override
    public int positions(ClassifyRequest request) {
      return request.prompt().text().length();
    }

    @Override
    public int contextLength() {
      return 1_000_000;
    }

    @Override
    public long cachePositions() {
      return 0;
    }

    @Override
    public EngineLoad load() {
      return new EngineLoad(0, 0, 0, 0);
    }

    @Override
    public SetAsideShare setAside() {
      return new SetAsideShare(0, 0);
    }

    @Override
    public long takeCachedTokens() {
      return 0;
    }

    final List<CompletableFuture<List<GenerationResult>>> futures = new ArrayList<>();
    private final CompletableFuture<List<GenerationResult>> model;

    Waiting(CompletableFuture<List<GenerationResult>> model) {
      this.model = model;
    }

    @Override
    public CompletableFuture<List<GenerationResult>> generate(
        GenerationRequest request, int completions) {
      futures.add(model.copy());
      return futures.get(futures.size() - 1);
    }

    @Override
    public CompletableFuture<ClassifyResult> classify(ClassifyRequest request) {
      throw new AssertionError("this task generates only");
    }

    @Override
    public CompletableFuture<ScoreResult> score(ScoreRequest request) {
      throw new AssertionError("this task generates only");
    }
  }
}
