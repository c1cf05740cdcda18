package io.sparkllama.job;

import static io.sparkllama.job.OutputRows.rows;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs jobs in worker processes that end at some rows: each row has either an answer, with the
 * bytes that it has without them, or a dead letter, and a replay gives the letters' rows theirs.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class DeadLettersTest {
  private static final int ROWS = 60;
  private static final String FATAL = " \u03be";
  private static final String KEYED = "input.key=id";

  private static SparkSession spark;
  private static Path faulty;

  @TempDir static Path shared;
  @TempDir Path folder;

  private Path input;
  private Path output;
  private String job;

  @BeforeAll
  static void start() throws IOException {
    spark = LocalSpark.session();
    int token = FaultyWorker.tokenOf(SharedModel.stories(), "Number 7" + FATAL, "Number 7");
    faulty = FaultyWorker.in(shared.resolve("faulty"), List.of("abort " + token)).folder();
  }

  @BeforeEach
  void prepare() {
    input = folder.resolve("in");
    output = folder.resolve("out");
    write("id in (7, 31)");
    job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input.path = "%s"
        prompt.template = "{{ text }}"
        generation { max-tokens = 6, seed = 3, temperature = 0.8 }
        engine { max-sequences = 8, prefill-chunk = 64 }
        output { path = "%s", columns = [category] }
        """
            .formatted(SharedModel.stories(), shared.resolve("models"), input, output);
  }

  /** Writes 60 rows of 20 prompts, and makes some of them fatal. */
  private void write(String fatal) {
    spark
        .range(0, ROWS, 1, 4)
        .selectExpr(
            "id",
            "concat('Number ', id % 20, if(" + fatal + ", '" + FATAL + "', '')) as text",
            "int(id % 40 div 20) as category")
        .write()
        .mode("append")
        .parquet(input.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {KEYED, "input.partitions=3", "input.equal-prompts=each"})
  void rowsThatEndTheEngineHaveLettersUntilAReplayAnswersThem(String setting) throws Exception {
    Path whole = folder.resolve("whole");
    run(0, setting, "output.path=" + whole);
    JsonNode first = run(3, faulty(setting));
    assertThat(first.get("rows").asInt()).isEqualTo(ROWS - 2);
    assertThat(first.get("errors").asInt()).isZero();
    assertThat(first.get("dead_letters").asInt()).isEqualTo(2);
    assertThat(first.get("dead_letters_open").asInt()).isEqualTo(2);
    assertThat(rows(output)).hasSize(ROWS - 2).isSubsetOf(rows(whole));

    List<JsonNode> letters = letters();
    assertThat(letters).hasSize(2);
    assertThat(letters)
        .allSatisfy(
            letter -> {
              assertThat(letter.get("class").asText()).isEqualTo("set-aside");
              assertThat(letter.get("message").asText()).contains("signal 6");
              assertThat(letter.get("attempt").asInt()).isEqualTo(1);
              assertThat(letter.toString()).doesNotContain(FATAL, "Number");
            });
    if (setting.equals(KEYED)) {
      assertThat(letters)
          .extracting(letter -> letter.get("key").get(0).asText())
          .containsExactlyInAnyOrder("7", "31");
    }
    JsonNode failedAgain = replay(3, faulty(setting));
    assertThat(failedAgain.get("rows").asInt()).isZero();
    assertThat(failedAgain.get("dead_letters").asInt()).isEqualTo(2);
    assertThat(letters()).hasSize(2).allMatch(letter -> letter.get("attempt").asInt() == 2);

    delete(input);
    JsonNode replayed = // the input's options may be others by now, too
        replay(0, setting, "output.mode=overwrite", "input.options.mergeSchema=true");
    assertThat(replayed.get("rows").asInt()).isEqualTo(2);
    assertThat(replayed.get("dead_letters_open").asInt()).isZero();
    assertThat(rows(output)).hasSize(ROWS).isEqualTo(rows(whole));
    assertThat(letters()).isEmpty();
    assertThat(replay(0, setting).get("rows").asInt()).isZero();
  }

  /** The same prompt is one request: its rows share its fate, and are letters each. */
  @Test
  void equalRowsAreLettersEach() throws Exception {
    delete(input);
    write("id % 20 = 4");
    Path whole = folder.resolve("whole");
    run(0, "output.path=" + whole);
    JsonNode first = run(3, faulty());
    assertThat(first.get("rows").asInt()).isEqualTo(ROWS - 3);
    assertThat(first.get("dead_letters").asInt()).isEqualTo(3);
    assertThat(replay(0).get("rows").asInt()).isEqualTo(3);
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  @Test
  void allCompletionsOfARowAreOneLetter() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, KEYED, "generation.n=2", "output.path=" + whole);
    JsonNode first = run(3, faulty(KEYED, "generation.n=2"));
    assertThat(first.get("rows").asInt()).isEqualTo(2 * (ROWS - 2));
    assertThat(first.get("dead_letters").asInt()).isEqualTo(2);
    assertThat(replay(0, KEYED, "generation.n=2").get("rows").asInt()).isEqualTo(4);
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  /** Each row is an answer, a letter or left, and none is two of them. */
  @Test
  void limitsCountLettersAsRowsThatAreDone() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, KEYED, "output.path=" + whole);
    long done = 0;
    for (int piece = 0; piece < 3; piece++) {
      JsonNode summary = run(piece < 2 ? 75 : 3, faulty(KEYED, "limit.rows=25"));
      done += summary.get("rows").asLong() + summary.get("dead_letters").asLong();
      assertThat(summary.path("rows_left").asLong()).isEqualTo(ROWS - done);
    }
    assertThat(done).isEqualTo(ROWS);
    assertThat(letters()).hasSize(2);
    assertThat(rows(output)).hasSize(ROWS - 2);
    // Stopped before its first row, a replay has made work of the letters, and any run goes on.
    assertThat(letters()).allMatch(letter -> letter.get("state").asText().equals("open"));
    assertThat(replay(75, KEYED, "limit.hours=1e-9").get("rows").asInt()).isZero();
    assertThat(letters())
        .hasSize(2)
        .allMatch(letter -> letter.get("state").asText().equals("work"));
    assertThat(run(0, KEYED).get("rows").asInt()).isEqualTo(2);
    assertThat(letters()).isEmpty();
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  /** With tokens, a batch may leave rows and have letters at once. */
  @Test
  void aBatchMayHaveLettersAndLeaveRows() throws Exception {
    delete(input);
    write("id % 6 = 1"); // enough of them that some are among any rows
    Path whole = folder.resolve("whole");
    run(0, KEYED, "output.path=" + whole);
    JsonNode stopped =
        run(75, faulty(KEYED, "limit.tokens=300", "engine.window=4", "input.partitions=1"));
    long done = stopped.get("rows").asLong() + stopped.get("dead_letters").asLong();
    assertThat(stopped.get("rows_left").asLong()).isEqualTo(ROWS - done).isPositive();
    assertThat(stopped.get("dead_letters").asLong()).isPositive();
    assertThat(stopped.get("batches").asLong()).isEqualTo(1);
    run(3, faulty(KEYED));
    assertThat(letters()).hasSize(10);
    assertThat(rows(output)).hasSize(ROWS - 10);
    replay(0, KEYED);
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  /** As where a driver is killed between a batch and its commit; and before, its letters moved. */
  @Test
  void lettersCountWithTheirBatch() throws Exception {
    Path whole = folder.resolve("whole");
    run(0, KEYED, "output.path=" + whole);
    run(3, faulty(KEYED, "output.batch-rows=1000"));
    uncommit();
    assertThat(letters()).isEmpty();
    JsonNode again = run(3, KEYED);
    assertThat(again.get("rows").asInt()).isZero();
    assertThat(again.get("dead_letters_open").asInt()).isEqualTo(2);
    assertThat(letters()).hasSize(2).allMatch(letter -> letter.get("attempt").asInt() == 1);
    assertThat(rows(output)).hasSize(ROWS - 2).isSubsetOf(rows(whole));
    uncommit();
    delete(output.resolve("configuration=" + state().getFileName()).resolve("batch=000000"));
    JsonNode mended = run(0, KEYED);
    assertThat(mended.get("rows").asInt()).isEqualTo(ROWS);
    assertThat(mended.get("dead_letters_open").asInt()).isZero();
    assertThat(rows(output)).isEqualTo(rows(whole));
  }

  /** Takes the commit of the last batch back. */
  private void uncommit() throws IOException {
    Path commits = state().resolve("checkpoint/commits");
    String last;
    try (Stream<Path> all = Files.list(commits)) {
      last =
          all.map(commit -> commit.getFileName().toString())
              .filter(name -> name.matches("\\d+"))
              .max(Comparator.comparing(Integer::valueOf))
              .orElseThrow();
    }
    Files.delete(commits.resolve(last));
    Files.deleteIfExists(commits.resolve("." + last + ".crc"));
  }

  @Test
  void aRunThatSetsAsideTooMuchFails() throws Exception {
    delete(input);
    write("id < 14");
    run(3, faulty(KEYED));
    JsonNode idle = run(3, faulty(KEYED));
    assertThat(idle.get("dead_letters").asInt()).isZero();
    assertThat(idle.get("dead_letters_open").asInt()).isEqualTo(14);
    delete(input);
    spark
        .range(100, 112, 1, 2)
        .selectExpr("id", "concat('More ', id, '" + FATAL + "') as text", "0 as category")
        .write()
        .parquet(input.toString());
    JobProcess tripped = start(faulty(KEYED, "output.batch-rows=4", "engine.max-sequences=6"));
    assertThat(tripped.code()).as(tripped.err()).isEqualTo(1);
    assertThat(tripped.err())
        .contains("error: The engine cannot run more rows than limit.dead-letters-percent allows")
        .contains(
            "and 14 before, of 72 rows, 12 of them in this run, where 0.1% or 20 are allowed");
    int committed = letters().size(); // of whole batches, of about four rows
    assertThat(committed).isBetween(15, 20);
    assertThat(rows(output)).hasSize(ROWS - 14);
    // Begun again, it has the room that is left, and no other.
    JobProcess again = start(faulty(KEYED, "output.batch-rows=4", "engine.max-sequences=5"));
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.err()).contains("and " + committed + " before");
    assertThat(letters()).hasSize(committed);
    JsonNode mended = run(3, KEYED); // the fault is gone; the letters stay until a replay
    assertThat(mended.get("rows").asInt()).isEqualTo(26 - committed);
    assertThat(replay(0, KEYED).get("rows").asInt()).isEqualTo(committed);
    assertThat(rows(output)).hasSize(ROWS + 12);
  }

  /** They were made under a higher limit, and one engine tries them all without a success. */
  @Test
  void aReplayThatFailsWholeBringsBackWhatThereWas() throws Exception {
    delete(input);
    write("id < 24");
    String[] raised = faulty(KEYED, "input.equal-prompts=each", "limit.dead-letters-percent=100");
    assertThat(run(3, raised).get("dead_letters").asInt()).isEqualTo(24);
    JsonNode failed = replay(3, faulty(KEYED, "input.equal-prompts=each"));
    assertThat(failed.get("dead_letters").asInt()).isEqualTo(24);
    assertThat(failed.get("dead_letters_open").asInt()).isEqualTo(24);
    assertThat(letters()).hasSize(24).allMatch(letter -> letter.get("attempt").asInt() == 2);
  }

  /** One prompt that is fatal is one fault, however many rows have it. */
  @Test
  void manyRowsOfOnePromptAreNoReasonToFail() throws Exception {
    delete(input);
    spark
        .range(0, 30, 1, 2)
        .selectExpr("id", "if(id < 25, 'Same" + FATAL + "', 'Row ' || id) as text", "0 as category")
        .write()
        .parquet(input.toString());
    JsonNode first = run(3, faulty(KEYED, "generation.temperature=0"));
    assertThat(first.get("dead_letters").asInt()).isEqualTo(25);
    assertThat(first.get("rows").asInt()).isEqualTo(5);
  }

  @Test
  void lettersThatAreDamagedAreRefused() throws Exception {
    run(3, faulty(KEYED));
    Path batch = child(state().resolve("dead-letters"));
    Path kept = child(batch.resolve("_rows"), ".parquet");
    Path moved = Files.move(kept, folder.resolve("kept"));
    JobProcess refused = start("--replay", KEYED);
    assertThat(refused.code()).as(refused.err()).isEqualTo(2);
    assertThat(refused.err()).contains("Rows of dead letters are missing beside the output");
    Files.move(moved, kept);
    Files.deleteIfExists(batch.resolve(".letters.json.crc")); // Hadoop's own check
    String letters = Files.readString(batch.resolve("letters.json"));
    Files.writeString(batch.resolve("letters.json"), letters.lines().findFirst().orElseThrow());
    assertThat(start(KEYED).err()).contains("Rows of dead letters are missing");
    Files.writeString(
        batch.resolve("letters.json"), letters.replaceAll("\"batch\":", "\"batch\":9999"));
    assertThat(start(KEYED).err()).contains("could not run is damaged or gone");
    Files.writeString(batch.resolve("letters.json"), "{\"key\":[]}\n");
    assertThat(start(KEYED).err()).contains("could not run is damaged or gone");
    Files.delete(batch.resolve("letters.json"));
    assertThat(start(KEYED).err()).contains("could not run is damaged or gone");
    delete(state().resolve("dead-letters"));
    JobProcess gone = start(KEYED);
    assertThat(gone.code()).as(gone.err()).isEqualTo(2);
    assertThat(gone.err()).contains("neither an answer nor a dead letter", "2 rows");
  }

  @Test
  void whatCannotBeReplayedIsRefused() throws Exception {
    JobProcess none = start("--replay", KEYED);
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("The output has no rows of this job");
    JobProcess tables = start("--replay", "--list", "output.format=noop");
    assertThat(tables.code()).isEqualTo(2);
    assertThat(tables.err()).contains("Only an output of files or a Delta table has dead letters");
    assertThat(start("--list").code()).isEqualTo(2);
    assertThat(start("--replay", "--plan").code()).isEqualTo(2);
  }

  private static String[] faulty(String... settings) {
    List<String> all = new ArrayList<>(new FaultyWorker(faulty).settings());
    all.addAll(List.of(settings));
    return all.toArray(String[]::new);
  }

  private JsonNode run(int code, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--json");
    JobProcess run = start(all.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    return new ObjectMapper().readTree(run.out());
  }

  private JsonNode replay(int code, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--replay");
    return run(code, all.toArray(String[]::new));
  }

  private JobProcess start(String... arguments) throws Exception {
    return JobProcess.run(folder, job, arguments);
  }

  private List<JsonNode> letters() throws Exception {
    JobProcess list = start("--replay", "--list", "--json");
    assertThat(list.code()).as(list.err()).isZero();
    List<JsonNode> letters = new ArrayList<>();
    for (String line : list.out().lines().toList()) {
      letters.add(new ObjectMapper().readTree(line));
    }
    return letters;
  }

  private Path state() throws IOException {
    return child(output.resolve("_sparkllama"), "");
  }

  private static Path child(Path parent) throws IOException {
    return child(parent, "");
  }

  private static Path child(Path parent, String end) throws IOException {
    try (Stream<Path> children = Files.list(parent)) {
      return children
          .filter(path -> path.getFileName().toString().endsWith(end))
          .filter(path -> !path.getFileName().toString().startsWith("."))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void delete(Path path) throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
