package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.MissingNode;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.ChangedOutput;
import io.sparkllama.job.limit.DeadLetterLimit;
import io.sparkllama.job.limit.RunLimits;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.sink.Fingerprint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds a run up where that is worst, lets another one replace it, and then lets it go: each row is
 * there once, and what the second has committed stays as it is.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class ReplacedRunTest {
  private static final int ROWS = 20;
  private static final int ROWS_OF_A_BATCH = 10;
  private static final String PROTOCOL = "spark.sql.sources.commitProtocolClass";

  /** Of a run that never renews its lock, and does not notice: as one that stands still. */
  private static final LockTimes STILL =
      new LockTimes(Duration.ofHours(1), Duration.ofHours(1), Duration.ZERO);

  private static final LockTimes QUICK =
      new LockTimes(Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofMillis(10));

  private static final Fingerprint FINGERPRINT =
      Fingerprint.of("0".repeat(64), LocalDate.EPOCH, "id, text", Map.of());

  private static SparkSession spark;

  @TempDir Path directory;

  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private Path path;
  private OutputFolder output;
  private ConfigurationFolder folder;
  private NumberedRows rows;
  private DurableJob job;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void prepare() throws Exception {
    path = directory.resolve("out");
    output = OutputFolder.of(FileSink.parquet(path), spark);
    folder = output.configuration(FINGERPRINT);
    rows = NumberedRows.of(spark, ROWS);
    job = job(RunLimits.NONE);
  }

  private DurableJob job(RunLimits limits) {
    return new DurableJob(
        FileSink.parquet(path),
        rows.prepared(),
        1,
        RowSpread.ofSource(),
        new DurableSettings(
            ChangedOutput.REFUSE,
            Duration.ofMinutes(5),
            OptionalLong.of(ROWS_OF_A_BATCH),
            new DeadLetterLimit(0.1)),
        limits);
  }

  @AfterEach
  void end() {
    thread.shutdownNow();
  }

  /** Is a run with its lock. */
  private record Run(RunControl control) implements AutoCloseable {
    @Override
    public void close() {
      control.lock().close();
    }
  }

  private Run run(String name, LockTimes times) throws Exception {
    return run(name, times, () -> {});
  }

  /** Is done when a run has taken over, before it looks at the output. */
  private interface Meanwhile {
    void act() throws Exception;
  }

  private Run run(String name, LockTimes times, Meanwhile meanwhile) throws Exception {
    StopRequest stop = new StopRequest();
    Run run = new Run(new RunControl(RunLock.acquire(output, name, times, stop), stop));
    meanwhile.act();
    if (folder.begins()) {
      output.admit(folder, job.prepared().output());
    }
    output.begin(folder, FINGERPRINT, run.control());
    return run;
  }

  private Run first() throws Exception {
    Run first = run("first", STILL);
    new Intake(folder, job.settings(), first.control())
        .take(job.prepared(), ROWS, job.spread(), written -> MissingNode.getInstance());
    return first;
  }

  private Generation.Outcome answer(Run run, BatchWalk walk) throws IOException {
    long pending = EarlierWork.of(folder, job.prepared(), 1).pending();
    return new Generation(job, folder, walk, pending, run.control())
        .run(spark, job.prepared().spread(job.spread()).schema());
  }

  private Generation.Outcome second(BatchWalk walk) throws Exception {
    return second(walk, () -> {});
  }

  private Generation.Outcome second(BatchWalk walk, Meanwhile meanwhile) throws Exception {
    // Here both are in one process, where Spark would stop the first one's query, by its id.
    Path id = Files.writeString(state("id"), "{\"id\":\"" + UUID.randomUUID() + "\"}");
    Files.deleteIfExists(state("checkpoint").resolve(".metadata.crc"));
    Files.move(id, state("checkpoint").resolve("metadata"), StandardCopyOption.REPLACE_EXISTING);
    try (Run second = run("second", QUICK, meanwhile)) {
      return answer(second, walk);
    }
  }

  /** Returns a walk that is held up at its start, in one of its batches. */
  private BatchWalk held(String name, int batch, Runnable hold) {
    BatchWalk walk = rows.walk(name);
    int[] number = {0}; // of the query's thread
    return work -> {
      if (number[0]++ == batch) {
        hold.run();
      }
      return walk.over(work);
    };
  }

  private static void assertReplaced(Future<?> first) {
    assertThatThrownBy(() -> first.get(60, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Another run has taken over the output, so this one writes no more");
  }

  /** Checks that each row is there once, who has answered it, and that a third run agrees. */
  private void assertRows(int firsts, Set<Long> without) throws Exception {
    List<Row> all = spark.read().parquet(path.toString()).select("id", "text").collectAsList();
    assertThat(all)
        .extracting(row -> row.getLong(0))
        .containsExactlyInAnyOrderElementsOf(
            LongStream.range(0, ROWS).boxed().filter(id -> !without.contains(id)).toList());
    assertThat(all.stream().filter(row -> row.getString(1).equals("first"))).hasSize(firsts);
    try (Run third = run("third", QUICK)) {
      third.control().check();
      EarlierWork earlier = EarlierWork.of(folder, job.prepared(), 1);
      assertThat(earlier.pending()).isZero();
      assertThat(earlier.letters()).isEqualTo(without.size());
    }
    assertThat(state("open")).isEmptyDirectory();
    try (Stream<Path> batches = Files.list(Path.of(folder.rows()))) {
      assertThat(batches).allMatch(batch -> Files.exists(batch.resolve("_SUCCESS")));
    }
  }

  /** Takes a commit back, and the plan of the next batch, which Spark may have made since. */
  private void uncommit(int batch) throws IOException {
    Path commits = state("checkpoint").resolve("commits");
    Path plans = state("checkpoint").resolve("offsets");
    int next = batch + 1;
    Files.delete(commits.resolve("" + batch));
    Files.delete(commits.resolve("." + batch + ".crc"));
    Files.deleteIfExists(plans.resolve("" + next));
    Files.deleteIfExists(plans.resolve("." + next + ".crc"));
  }

  private Path state(String name) {
    return path.resolve("_sparkllama").resolve(folder.name()).resolve(name);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void oneThatIsHeldUpBeforeItWritesShowsNothing(int batch) throws Exception {
    Hold hold = new Hold();
    Run first = first();
    Future<?> answers = thread.submit(() -> answer(first, held("first", batch, hold::here)));
    hold.awaitReached();
    assertThat(second(rows.walk("second")).answered()).isEqualTo(ROWS - batch * ROWS_OF_A_BATCH);
    hold.end();
    assertReplaced(answers);
    assertRows(batch * ROWS_OF_A_BATCH, Set.of());
  }

  @Test
  void oneThatIsHeldUpBetweenItsTasksAndTheirCommitShowsNothing() throws Exception {
    Hold hold = new Hold();
    HeldCommitProtocol.hold = hold;
    Run first = first();
    spark.conf().set(PROTOCOL, HeldCommitProtocol.class.getName());
    Future<?> answers;
    try {
      answers = thread.submit(() -> answer(first, rows.walk("first")));
      hold.awaitReached();
    } finally {
      spark.conf().unset(PROTOCOL);
    }
    assertThat(second(rows.walk("second")).answered()).isEqualTo(ROWS);
    hold.end();
    assertReplaced(answers);
    assertRows(0, Set.of());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void oneThatIsHeldUpAfterItsLastLookAtTheLockReplacesNothing(int batch) throws Exception {
    StaleLook look = new StaleLook(path.resolve("_sparkllama/lock"));
    Run first = first();
    Future<?> answers = thread.submit(() -> answer(first, held("first", batch, look::begin)));
    look.awaitLook();
    assertThat(second(rows.walk("second")).answered()).isEqualTo(ROWS - batch * ROWS_OF_A_BATCH);
    look.end();
    assertReplaced(answers);
    assertRows(batch * ROWS_OF_A_BATCH, Set.of());
  }

  /** Its rows are whole, and those that the second would have made. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void oneThatComesBeforeItsSuccessorIsTakenAsItIs(int batch) throws Exception {
    StaleLook look = new StaleLook(path.resolve("_sparkllama/lock"));
    Run first = first();
    Future<?> answers = thread.submit(() -> answer(first, held("first", batch, look::begin)));
    look.awaitLook();
    Generation.Outcome second =
        second(
            rows.walk("second"),
            () -> {
              look.end();
              assertReplaced(answers);
            });
    assertThat(second.answered()).isEqualTo(ROWS - batch * ROWS_OF_A_BATCH);
    assertRows((batch + 1) * ROWS_OF_A_BATCH, Set.of());
  }

  /** Its folder is removed before; here it is not, as if a storage had shown it late. */
  @Test
  void oneThatComesWhileItsSuccessorAnswersIsTakenAsItIs() throws Exception {
    StaleLook look = new StaleLook(path.resolve("_sparkllama/lock"));
    Run first = first();
    Future<?> answers = thread.submit(() -> answer(first, held("first", 1, look::begin)));
    look.awaitLook();
    Path open = Path.of(folder.open(1, first.control().lock().run()).toString());
    Path kept = Files.move(open, directory.resolve("kept"));
    Path place = Path.of(folder.place(1));
    BatchWalk walk =
        held(
            "second",
            0,
            () -> {
              try {
                Files.move(kept, place);
              } catch (IOException failed) {
                throw new UncheckedIOException(failed);
              }
            });
    assertThat(second(walk).answered()).isEqualTo(ROWS_OF_A_BATCH);
    look.end();
    assertReplaced(answers);
    assertRows(ROWS, Set.of());
  }

  /** With what a limit has left of it, and a letter; killed before and after these have a place. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aBatchThatWasPublishedAndNotCommittedIsTakenAsItIs(boolean settled) throws Exception {
    job =
        job(
            new RunLimits(
                OptionalLong.of(ROWS_OF_A_BATCH - 3), OptionalLong.empty(), Optional.empty()));
    try (Run first = first()) {
      Generation.Outcome some = answer(first, rows.walk("first", 1));
      assertThat(some.done()).isEqualTo(ROWS_OF_A_BATCH - 3);
      assertThat(some.letters()).containsExactly(Map.entry("set-aside", 1L));
    }
    long dead = Long.parseLong(folder.openLetters().get(0).key().get(0));
    uncommit(0);
    if (!settled) {
      Path batch = Path.of(folder.place(0));
      Files.move(state("dead-letters").resolve("batch=000000"), batch.resolve("_letters"));
      Files.move(state("work").resolve("rest=000000"), batch.resolve("_rest"));
    }
    job = job(RunLimits.NONE);
    long[] asked = {0}; // rows
    BatchWalk walk = rows.walk("second");
    Generation.Outcome second =
        second(
            work -> {
              asked[0] += work.count();
              return walk.over(work);
            });
    assertThat(asked[0]).isEqualTo(ROWS - (ROWS_OF_A_BATCH - 3));
    assertThat(second.answered()).isEqualTo(ROWS - 1);
    assertThat(second.letters()).containsExactly(Map.entry("set-aside", 1L));
    assertThat(second.counts().rows()).isEqualTo(ROWS - (ROWS_OF_A_BATCH - 3));
    assertRows(ROWS_OF_A_BATCH - 4, Set.of(dead));
  }

  /** As a storage leaves it that copies files, and was interrupted. */
  @Test
  void aBatchThatIsNotWholeIsAnsweredAgain() throws Exception {
    Run first = first();
    try (first) {
      answer(first, rows.walk("first"));
    }
    uncommit(1);
    Path batch = Path.of(folder.place(1));
    try (Stream<Path> files = Files.list(batch)) {
      Files.delete(
          files.filter(file -> file.getFileName().toString().startsWith("part-")).findAny().get());
    }
    assertThat(second(rows.walk("second")).counts().rows()).isEqualTo(ROWS_OF_A_BATCH);
    assertRows(ROWS_OF_A_BATCH, Set.of());
  }
}
