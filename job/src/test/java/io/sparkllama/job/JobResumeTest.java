package io.sparkllama.job;

import static io.sparkllama.job.OutputRows.rows;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Stops jobs by their limits and goes on with them: the rows are those of one undisturbed run. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class JobResumeTest {
  private static final int ROWS = 60;
  private static final String USER_KEY = "input.key=id";

  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;

  private Path input;
  private Path output;
  private String job;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void prepare() {
    input = folder.resolve("in");
    output = folder.resolve("out");
    // 60 rows of 20 prompts; rows of one prompt are of two categories, and some are wholly equal.
    spark
        .range(0, ROWS, 1, 4)
        .selectExpr("id", "concat('Number ', id % 20) as text", "int(id % 40 div 20) as category")
        .write()
        .parquet(input.toString());
    job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input.path = "%s"
        prompt.template = "{{ text }}"
        generation { max-tokens = 6, seed = 3 }
        output { path = "%s", columns = [category] }
        """
            .formatted(SharedModel.stories(), cache, input, output);
  }

  @ParameterizedTest
  @CsvSource({
    "0, input.key=id",
    "0.8, input.key=id",
    "0, input.partitions=3",
    "0.8, input.partitions=3",
    "0.8, input.equal-prompts=each"
  })
  void threePiecesAreTheRowsOfOneRun(String temperature, String setting) throws Exception {
    String sampling = "generation.temperature=" + temperature;
    Path whole = folder.resolve("whole");
    run(0, sampling, setting, "output.path=" + whole);
    List<Long> left = new ArrayList<>();
    for (int piece = 0; piece < 3; piece++) {
      JsonNode summary = run(piece < 2 ? 75 : 0, sampling, setting, "limit.rows=25");
      assertThat(summary.get("rows").asInt()).isEqualTo(piece < 2 ? 25 : 10);
      assertThat(summary.path("stopped_by").asText()).isEqualTo(piece < 2 ? "limit.rows" : "");
      left.add(summary.path("rows_left").asLong());
    }
    assertThat(left).containsExactly(35L, 10L, 0L);
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
  }

  @Test
  void thePiecesAreTheFirstInTheSourcesOrder() throws Exception {
    List<Long> order =
        spark.read().parquet(input.toString()).select("id").as(Encoders.LONG()).collectAsList();
    for (int piece = 1; piece <= 2; piece++) {
      run(75, USER_KEY, "limit.rows=25");
      assertThat(
              spark
                  .read()
                  .parquet(output.toString())
                  .select("id")
                  .as(Encoders.LONG())
                  .collectAsList())
          .containsExactlyInAnyOrderElementsOf(order.subList(0, 25 * piece));
    }
  }

  @Test
  void aRunStoppedByTokensIsGoneOnWith() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, USER_KEY, "generation.temperature=0.8", "output.path=" + whole);
    JsonNode stopped =
        run(
            75,
            USER_KEY,
            "generation.temperature=0.8",
            "limit.tokens=150",
            "engine.window=2",
            "input.partitions=1");
    long used =
        stopped.get("prompt_tokens").asLong()
            - stopped.get("cached_tokens").asLong()
            + stopped.get("completion_tokens").asLong();
    assertThat(stopped.get("stopped_by").asText()).isEqualTo("limit.tokens");
    assertThat(stopped.get("rows_left").asLong()).isEqualTo(ROWS - stopped.get("rows").asLong());
    assertThat(used).isBetween(150L, 150 + 3 * 20L); // the rows in flight, of 20 tokens at most
    run(0, USER_KEY, "generation.temperature=0.8");
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
  }

  @Test
  void aPromptUnderWayIsAnsweredInAllItsRows() throws Exception {
    JsonNode stopped = run(75, "limit.tokens=1", "engine.window=1", "input.partitions=1");
    assertThat(stopped.get("rows").asLong()).isEqualTo(3);
    assertThat(stopped.get("repeated_rows").asLong()).isEqualTo(2);
    assertThat(run(0).get("rows").asLong()).isEqualTo(ROWS - 3);
  }

  @Test
  void aRunStoppedByTimeIsGoneOnWith() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, "output.path=" + whole);
    JsonNode stopped = run(75, "limit.hours=1e-9");
    assertThat(stopped.get("stopped_by").asText()).isEqualTo("limit.hours");
    assertThat(stopped.get("rows").asLong()).isZero();
    assertThat(stopped.get("rows_left").asLong()).isEqualTo(ROWS);
    run(0, "limit.hours=1", "limit.tokens=1000000", "limit.rows=1000");
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  @Test
  void anotherConfigurationIsRefused() throws Exception {
    run(75, "limit.rows=25");
    Map<String, Long> before = files();
    refused("another value of: prompt.template", "prompt.template=No. {{ text }}");
    refused("another value of: generation.seed", "generation.seed=4");
    refused("another value of: input.key, output.columns", USER_KEY, "output.columns=[]");
    refused("another value of: engine.kv-cache-type", "engine.kv-cache-type=f32");
    refused("another value of: prompt.date", "prompt.date=2020-01-01");
    Path other = Files.copy(SharedModel.stories(), folder.resolve("other.gguf"));
    byte[] bytes = Files.readAllBytes(other);
    bytes[bytes.length - 1] ^= 1; // of a weight
    Files.write(other, bytes);
    refused("another value of: the model", "model.path=" + other);
    assertThat(files()).isEqualTo(before);
    run(0, "engine.threads=1", "input.partitions=5");
    assertThat(rows(output)).hasSize(ROWS);
  }

  @Test
  void outputsThatNobodyCanGoOnWithAreRefused() throws Exception {
    run(75, "limit.rows=25", USER_KEY);
    refused("would be added to the input", "output.path=" + input);
    Path state = state();
    Path checkpoint = state.resolve("checkpoint");
    Path moved = Files.move(checkpoint, folder.resolve("checkpoint"));
    refused("has rows and no checkpoint", USER_KEY);
    Files.move(moved, checkpoint);

    Path batch = output.resolve("configuration=" + state.getFileName() + "/batch=000000");
    moved = Files.move(batch, folder.resolve("batch"));
    refused("A batch of the output is missing", USER_KEY);
    Files.move(moved, batch);

    Path file = fileOf(state.resolve("work/intake=000001"));
    moved = Files.move(file, folder.resolve("file"));
    refused("1 files, such as file:" + file, USER_KEY);
    Files.move(moved, file);

    Path work = state.resolve("work");
    moved = Files.move(work, folder.resolve("work"));
    refused("has other rows than runs have written", USER_KEY);
    Files.move(moved, work);

    Files.deleteIfExists(state.resolve(".fingerprint.json.crc")); // Hadoop's own check
    String fingerprint = Files.readString(state.resolve("fingerprint.json"));
    Files.writeString(state.resolve("fingerprint.json"), "{");
    refused("is damaged", USER_KEY);
    Files.delete(state.resolve("fingerprint.json"));
    refused("nothing says what it was made with", USER_KEY);
    Files.writeString(state.resolve("fingerprint.json"), fingerprint);
    run(0, USER_KEY);
    assertThat(rows(output)).hasSize(ROWS);
  }

  @Test
  void rowsThatTheInputHasNoLongerStay() throws Exception {
    run(0, USER_KEY);
    spark
        .range(70, 80)
        .selectExpr("id", "'x' as text", "1 as category")
        .write()
        .parquet(input + "2");
    JsonNode more = run(0, USER_KEY, "input.path=" + input + "2");
    assertThat(more.get("rows").asLong()).isEqualTo(10);
    assertThat(rows(output)).hasSize(ROWS + 10);
    assertThat(run(0, USER_KEY, "input.path=" + input + "2").get("rows").asLong()).isZero();
    assertThat(run(0, USER_KEY).get("rows").asLong()).isZero();
    assertThat(spark.read().parquet(output.toString()).select("batch").distinct().count())
        .isGreaterThan(1);
  }

  /** Also where rows that were taken before have other columns beside them. */
  @Test
  void whatDecidesNoAnswerMayChange() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, "output.path=" + whole);
    run(75, "limit.tokens=1", "engine.window=1", "input.equal-prompts=each");
    run(75, "limit.tokens=1", "engine.window=1");
    run(75, "limit.tokens=1", "engine.window=1", "input.equal-prompts=each");
    run(0);
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
  }

  @Test
  void anotherConfigurationMayStandBesideTheFirst() throws Exception {
    run(0, USER_KEY);
    JsonNode other = run(0, USER_KEY, "generation.max-tokens=2", "output.changed=redo");
    assertThat(other.get("rows").asLong()).isEqualTo(ROWS);
    assertThat(spark.read().parquet(output.toString()).groupBy("configuration").count())
        .satisfies(
            counts ->
                assertThat(counts.select("count").as(Encoders.LONG()).collectAsList())
                    .containsExactly((long) ROWS, (long) ROWS));
    assertThat(
            spark
                .read()
                .parquet(output.toString())
                .where("configuration = '" + other.get("configuration").asText() + "'")
                .where("completion.completion_tokens > 2")
                .count())
        .isZero();
    assertThat(run(0, USER_KEY).get("rows").asLong()).isZero();
    assertThat(run(0, USER_KEY, "generation.max-tokens=2").get("rows").asLong()).isZero();
    refused("another value of: generation.max-tokens", USER_KEY, "generation.max-tokens=3");
  }

  @Test
  void batchesHaveAboutAsManyRowsAsAsked() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, USER_KEY, "output.path=" + whole);
    JsonNode summary = run(0, USER_KEY, "output.batch-rows=10");
    assertThat(summary.get("batches").asLong()).isBetween(6L, 8L);
    assertThat(summary.get("rows").asLong()).isEqualTo(ROWS);
    assertThat(rows(output)).isEqualTo(rows(whole));
    assertThat(
            spark
                .read()
                .parquet(output.toString())
                .groupBy("batch")
                .count()
                .selectExpr("max(count)")
                .first()
                .getLong(0))
        .isLessThanOrEqualTo(10);
    // Each of the two tasks that run at once has a file of its own in a batch.
    try (Stream<Path> files = Files.list(state().resolve("work/intake=000001"))) {
      assertThat(files.filter(file -> file.toString().endsWith(".parquet")).toList())
          .hasSizeGreaterThanOrEqualTo(ROWS / 5);
    }
  }

  @Test
  void aLimitOfRowsHoldsForRowsThatWereTakenBefore() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, USER_KEY, "output.path=" + whole);
    assertThat(run(75, USER_KEY, "limit.hours=1e-9").get("rows").asLong()).isZero();
    JsonNode limited = run(75, USER_KEY, "limit.rows=25");
    assertThat(limited.get("rows").asLong()).isEqualTo(25);
    assertThat(limited.get("stopped_by").asText()).isEqualTo("limit.rows");
    assertThat(limited.get("rows_left").asLong()).isEqualTo(35);
    run(0, USER_KEY);
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  @Test
  void withNothingLeftTheOutputStaysAsItIs() throws Exception {
    run(0, USER_KEY);
    Map<String, Long> before = files();
    assertThat(run(0, USER_KEY).get("rows").asLong()).isZero();
    assertThat(files()).isEqualTo(before);
  }

  /** As a run leaves it that was killed when a batch was at its place and not yet committed. */
  @Test
  void aBatchThatIsNotCommittedIsTakenAsItIs() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, USER_KEY, "output.path=" + whole);
    run(0, USER_KEY, "output.batch-rows=20");
    Path commits = state().resolve("checkpoint/commits");
    long last;
    try (Stream<Path> files = Files.list(commits)) {
      last =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.matches("\\d+"))
              .mapToLong(Long::parseLong)
              .max()
              .getAsLong();
    }
    Files.delete(commits.resolve("" + last));
    Files.delete(commits.resolve("." + last + ".crc"));
    JsonNode again = run(0, USER_KEY);
    assertThat(again.get("rows").asLong()).isZero();
    assertThat(again.get("batches").asLong()).isEqualTo(1);
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
  }

  /** As a run leaves it that was killed at a limit, when its last batch was at its place. */
  @Test
  void theRestOfABatchThatIsNotCommittedIsAnswered() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, USER_KEY, "output.path=" + whole);
    JsonNode stopped =
        run(75, USER_KEY, "limit.tokens=100", "engine.window=1", "input.partitions=1");
    assertThat(state().resolve("work/rest=000000/_manifest.json")).exists();
    try (Stream<Path> files = Files.list(state().resolve("checkpoint/commits"))) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    assertThat(run(0, USER_KEY).get("rows").asLong())
        .isEqualTo(ROWS - stopped.get("rows").asLong());
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
  }

  /** As a run leaves it that was killed while it took rows. */
  @Test
  void anUnfinishedIntakeIsMadeAnew() throws Exception {
    run(0, USER_KEY);
    Path work = state().resolve("work");
    Path intake = work.resolve("intake=000002");
    Files.createDirectories(intake);
    Path file = fileOf(work.resolve("intake=000001"));
    Files.copy(file, intake.resolve(file.getFileName()));
    assertThat(run(0, USER_KEY).get("rows").asLong()).isZero();
    assertThat(intake).doesNotExist();
    assertThat(rows(output)).hasSize(ROWS);
  }

  @Test
  void aFileOfWorkThatIsLostUnderWayFailsTheRun() throws Exception {
    run(75, USER_KEY, "limit.hours=1e-9", "output.batch-rows=20");
    Path rest = state().resolve("work/rest=000000");
    Path file = fileOf(rest);
    Path manifest = rest.resolve("_manifest.json");
    Files.deleteIfExists(rest.resolve("._manifest.json.crc"));
    Files.writeString(
        manifest,
        Files.readString(manifest).replace("\"" + file.getFileName() + "\"", "\"_SUCCESS\""));
    Files.delete(file);
    JobProcess failed = JobProcess.run(folder, job, USER_KEY);
    assertThat(failed.err()).contains("were taken from the input and have no answer");
    assertThat(failed.code()).isEqualTo(1);
  }

  @Test
  void otherFormatsAreReadBackToo() throws Exception {
    run(75, "output.format=json", "limit.rows=25");
    run(0, "output.format=json");
    assertThat(spark.read().json(output.toString()).count()).isEqualTo(ROWS);
    refused("another value of: output.format");
  }

  /** Rows of a batch that a limit stops are told apart by their keys as the output has them. */
  @Test
  void timesAreReadBackAsTheyWere() throws Exception {
    Path timed = folder.resolve("timed");
    spark
        .read()
        .parquet(input.toString())
        .selectExpr("timestamp_micros(1000000000000000 + id) as id", "text", "category")
        .write()
        .parquet(timed.toString());
    job +=
        """
        input { path = "%s", key = id, partitions = 1 }
        output.format = json
        """
            .formatted(timed);
    JsonNode stopped = run(75, "limit.tokens=100", "engine.window=1");
    assertThat(stopped.get("rows").asLong()).isBetween(1L, ROWS - 1L);
    run(0);
    assertThat(spark.read().json(output.toString()).select("id").distinct().count())
        .isEqualTo(ROWS);
    assertThat(spark.read().json(output.toString()).count()).isEqualTo(ROWS);
  }

  @Test
  void aResumedRunSeesTheFirstRunsDate() throws Exception {
    String dated = "prompt.template={{ text }} {{ strftime_now('%Y') }}";
    Path whole = folder.resolve("whole");
    run(0, dated, "prompt.date=1999-12-31", "output.path=" + whole);
    run(75, dated, "prompt.date=1999-12-31", "limit.rows=25");
    run(0, dated);
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  @Test
  void severalCompletionsCountAsOneRow() throws Exception {
    String[] sampling = {"generation.temperature=1", "generation.n=3"};
    Path whole = folder.resolve("whole");
    run(0, sampling[0], sampling[1], "output.path=" + whole);
    JsonNode stopped = run(75, sampling[0], sampling[1], "limit.rows=25");
    assertThat(stopped.get("rows").asLong()).isEqualTo(75);
    assertThat(stopped.get("rows_left").asLong()).isEqualTo(35);
    run(0, sampling[0], sampling[1]);
    assertThat(rows(output)).hasSize(3 * ROWS).isEqualTo(rows(whole));
  }

  @Test
  void aPlanSpeaksOfTheRowsThatTheRunWouldAnswer() throws Exception {
    assertThat(plan("limit.rows=25", USER_KEY).get("rows").asLong()).isEqualTo(25);
    run(75, "limit.rows=25", USER_KEY);
    assertThat(plan(USER_KEY).get("rows").asLong()).isEqualTo(35);
    assertThat(plan(USER_KEY, "limit.rows=5").get("rows").asLong()).isEqualTo(5);
  }

  @Test
  void theSummarySaysHowToGoOn() throws Exception {
    JobProcess stopped = JobProcess.run(folder, job, "limit.rows=25");
    assertThat(stopped.code()).isEqualTo(75);
    assertThat(stopped.err())
        .contains(
            "stopped by        limit.rows, 35 rows left\n",
            "the same command, with output.mode=resume\n");
  }

  private JsonNode plan(String... overrides) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(overrides));
    arguments.add("--plan");
    return run(0, arguments.toArray(String[]::new));
  }

  private JsonNode run(int code, String... overrides) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(overrides));
    arguments.add("--json");
    JobProcess run = JobProcess.run(folder, job, arguments.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    return new ObjectMapper().readTree(run.out());
  }

  private void refused(String sentence, String... overrides) throws Exception {
    JobProcess run = JobProcess.run(folder, job, overrides);
    assertThat(run.err()).startsWith("error: ").contains(sentence);
    assertThat(run.code()).isEqualTo(2);
  }

  /** Returns where runs keep what they know of the only configuration. */
  private Path state() throws Exception {
    try (Stream<Path> folders = Files.list(output.resolve("_sparkllama"))) {
      return folders
          .filter(path -> path.getFileName().toString().startsWith("v1-"))
          .findFirst()
          .get();
    }
  }

  /** Returns the largest of the files with rows: the others may have none. */
  private static Path fileOf(Path folder) throws Exception {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(path -> path.getFileName().toString().startsWith("part-"))
          .max(Comparator.comparingLong(path -> path.toFile().length()))
          .get();
    }
  }

  /** Returns the output's files with the times of their last change. */
  private Map<String, Long> files() throws Exception {
    Map<String, Long> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(output)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(file.toString(), Files.getLastModifiedTime(file).toMillis());
      }
    }
    return files;
  }
}
