package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
  private static final String RESUME = "output.mode=resume";

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
      JsonNode summary = run(piece < 2 ? 75 : 0, sampling, setting, RESUME, "limit.rows=25");
      assertThat(summary.get("rows").asInt()).isEqualTo(piece < 2 ? 25 : 10);
      assertThat(summary.path("stopped_by").asText()).isEqualTo(piece < 2 ? "limit.rows" : "");
      left.add(summary.path("rows_left").asLong());
      assertThat(output.resolve("_SUCCESS")).exists();
    }
    assertThat(left).containsExactly(35L, 10L, 0L);
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
  }

  @Test
  void thePiecesAreTheFirstInTheSourcesOrder() throws Exception {
    List<Long> order =
        spark.read().parquet(input.toString()).select("id").as(Encoders.LONG()).collectAsList();
    for (int piece = 1; piece <= 2; piece++) {
      run(75, USER_KEY, RESUME, "limit.rows=25");
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
    run(0, USER_KEY, "generation.temperature=0.8", RESUME);
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
  }

  @Test
  void aPromptUnderWayIsAnsweredInAllItsRows() throws Exception {
    JsonNode stopped = run(75, "limit.tokens=1", "engine.window=1", "input.partitions=1");
    assertThat(stopped.get("rows").asLong()).isEqualTo(3);
    assertThat(stopped.get("repeated_rows").asLong()).isEqualTo(2);
    assertThat(run(0, RESUME).get("rows").asLong()).isEqualTo(ROWS - 3);
  }

  @Test
  void aRunStoppedByTimeIsGoneOnWith() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, "output.path=" + whole);
    JsonNode stopped = run(75, "limit.hours=1e-9");
    assertThat(stopped.get("stopped_by").asText()).isEqualTo("limit.hours");
    assertThat(stopped.get("rows").asLong()).isZero();
    assertThat(stopped.get("rows_left").asLong()).isEqualTo(ROWS);
    run(0, RESUME, "limit.hours=1", "limit.tokens=1000000", "limit.rows=1000");
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
    run(0, RESUME, "engine.threads=1", "input.partitions=5");
    assertThat(rows(output)).hasSize(ROWS);
  }

  @Test
  void outputsThatNobodyCanGoOnWithAreRefused() throws Exception {
    run(75, "limit.rows=25", USER_KEY);
    spark.range(20).selectExpr("id", "'x' as text", "1 as category").write().parquet(input + "2");
    refused("rows that the input has not", USER_KEY, "input.path=" + input + "2");
    Files.delete(output.resolve("._sparkllama.json.crc")); // Hadoop's own check
    Files.writeString(output.resolve("_sparkllama.json"), "{");
    refused("is damaged", USER_KEY);
    Files.delete(output.resolve("_sparkllama.json"));
    refused("has no file _sparkllama.json", USER_KEY);
    refused("would be added to the input", "output.path=" + input);
  }

  @Test
  void withNothingLeftTheOutputStaysAsItIs() throws Exception {
    run(0, USER_KEY, RESUME);
    Map<String, Long> before = files();
    assertThat(run(0, USER_KEY, RESUME).get("rows").asLong()).isZero();
    assertThat(files()).isEqualTo(before);
  }

  /** As a run leaves it that was killed when a task had committed and the job had not. */
  @Test
  void whatAKilledRunHadNotCommittedIsNotAddedTwice() throws Exception {
    run(75, USER_KEY, RESUME, "limit.rows=25");
    Path task = output.resolve("_temporary/0/task_202601010000000000000_0001_m_000000");
    Files.createDirectories(task);
    Path whole = folder.resolve("whole");
    run(0, USER_KEY, "output.path=" + whole);
    try (Stream<Path> files = Files.list(whole)) {
      Path file = files.filter(path -> path.toString().endsWith(".parquet")).findFirst().get();
      Files.copy(file, task.resolve(file.getFileName()));
    }
    run(0, USER_KEY, RESUME);
    assertThat(rows(output)).isEqualTo(rows(whole));
    assertThat(output.resolve("_temporary")).doesNotExist();
  }

  /** As a run leaves it that was killed while the driver moved the tasks' files to their place. */
  @Test
  void aCommitThatWasCutShortIsMadeWhole() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, "output.path=" + whole);
    run(0, RESUME, "input.partitions=3");
    Files.delete(output.resolve("_SUCCESS"));
    try (Stream<Path> files = Files.list(output)) {
      Files.delete(files.filter(path -> path.toString().endsWith(".parquet")).findFirst().get());
    }
    assertThat(run(0, RESUME).get("rows").asLong()).isBetween(1L, ROWS - 1L);
    assertThat(rows(output)).isEqualTo(rows(whole));
    assertThat(output.resolve("_SUCCESS")).exists();
  }

  @Test
  void otherFormatsAreReadBackToo() throws Exception {
    run(75, "output.format=json", "limit.rows=25");
    run(0, "output.format=json", RESUME);
    assertThat(spark.read().json(output.toString()).count()).isEqualTo(ROWS);
    refused("another value of: output.format");
  }

  /** As a run leaves it that was killed before anything was committed. */
  @Test
  void aKilledFirstRunIsBegunAnew() throws Exception {
    Files.createDirectories(output.resolve("_temporary/0/_temporary"));
    run(0, USER_KEY, RESUME);
    assertThat(rows(output)).hasSize(ROWS);
  }

  @Test
  void aResumedRunSeesTheFirstRunsDate() throws Exception {
    String dated = "prompt.template={{ text }} {{ strftime_now('%Y') }}";
    Path whole = folder.resolve("whole");
    run(0, dated, "prompt.date=1999-12-31", "output.path=" + whole);
    run(75, dated, "prompt.date=1999-12-31", "limit.rows=25");
    run(0, dated, RESUME);
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  @Test
  void severalCompletionsCountAsOneRow() throws Exception {
    String[] sampling = {"generation.temperature=1", "generation.n=3"};
    Path whole = folder.resolve("whole");
    run(0, sampling[0], sampling[1], "output.path=" + whole);
    JsonNode stopped = run(75, sampling[0], sampling[1], RESUME, "limit.rows=25");
    assertThat(stopped.get("rows").asLong()).isEqualTo(75);
    assertThat(stopped.get("rows_left").asLong()).isEqualTo(35);
    run(0, sampling[0], sampling[1], RESUME);
    assertThat(rows(output)).hasSize(3 * ROWS).isEqualTo(rows(whole));
    spark
        .read()
        .parquet(output.toString())
        .where("sample = 1")
        .limit(1)
        .write()
        .mode("append")
        .parquet(output.toString());
    refused("only some of their completions", sampling);
  }

  @Test
  void aPlanSpeaksOfTheRowsThatTheRunWouldAnswer() throws Exception {
    assertThat(plan("limit.rows=25", USER_KEY).get("rows").asLong()).isEqualTo(25);
    run(75, "limit.rows=25", USER_KEY);
    assertThat(plan(RESUME, USER_KEY).get("rows").asLong()).isEqualTo(35);
    assertThat(plan(RESUME, USER_KEY, "limit.rows=5").get("rows").asLong()).isEqualTo(5);
  }

  @Test
  void theSummarySaysHowToGoOn() throws Exception {
    JobProcess stopped = JobProcess.run(folder, job, "limit.rows=25");
    assertThat(stopped.code()).isEqualTo(75);
    assertThat(stopped.err())
        .contains("stopped by        limit.rows, 35 rows left\n", "output.mode=resume\n");
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
    List<String> arguments = new ArrayList<>(List.of(RESUME));
    arguments.addAll(List.of(overrides));
    JobProcess run = JobProcess.run(folder, job, arguments.toArray(String[]::new));
    assertThat(run.err()).startsWith("error: ").contains(sentence);
    assertThat(run.code()).isEqualTo(2);
  }

  private static List<String> rows(Path path) {
    return spark.read().parquet(path.toString()).toJSON().collectAsList().stream()
        .sorted()
        .toList();
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
