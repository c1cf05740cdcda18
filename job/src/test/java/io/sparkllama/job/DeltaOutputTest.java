package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs jobs whose output is a Delta table: each batch is one transaction, and all rows are there
 * once.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class DeltaOutputTest {
  private static final int ROWS = 60;
  private static final String FATAL = " \u03be";

  private static DeltaSpark delta;
  private static SparkSession spark;
  private static Path input;
  private static List<String> whole; // what a run to files writes

  @TempDir static Path shared;
  @TempDir Path folder;

  private Path output;
  private String job;

  @BeforeAll
  static void start() throws Exception {
    delta = DeltaSpark.start();
    spark = delta.session();
    input = shared.resolve("in");
    write(input, "false");
    Path files = shared.resolve("whole");
    String[] arguments = {"output.format=parquet", "output.path=" + files};
    JobProcess run = JobProcess.run(shared, job(shared.resolve("unused")), arguments);
    assertThat(run.code()).as(run.err()).isZero();
    whole = OutputRows.rows(files);
    assertThat(whole).hasSize(ROWS);
  }

  @AfterAll
  static void end() {
    delta.close();
  }

  @BeforeEach
  void prepare() {
    output = folder.resolve("out");
    job = job(output);
  }

  private static String job(Path output) {
    return """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input { path = "%s", key = id }
        prompt.template = "{{ text }}"
        generation { max-tokens = 6, seed = 3, temperature = 0.8 }
        engine { max-sequences = 8, prefill-chunk = 64 }
        output { format = delta, path = "%s", columns = [category] }
        """
        .formatted(SharedModel.stories(), shared.resolve("models"), input, output);
  }

  /** Writes 60 rows of 20 prompts, and makes some of them fatal. */
  private static void write(Path input, String fatal) {
    spark
        .range(0, ROWS, 1, 4)
        .selectExpr(
            "id",
            "concat('Number ', id % 20, if(" + fatal + ", '" + FATAL + "', '')) as text",
            "int(id % 40 div 20) as category")
        .write()
        .parquet(input.toString());
  }

  @Test
  void piecesAreTheRowsOfOneRunAndEachBatchIsOneTransaction() throws Exception {
    List<Long> rows = new ArrayList<>(List.of(0L)); // in each version
    for (int piece = 0; piece < 3; piece++) {
      JsonNode summary = run(piece < 2 ? 75 : 0, "limit.rows=25", "output.batch-rows=1000");
      assertThat(summary.get("rows").asInt()).isEqualTo(piece < 2 ? 25 : 10);
      assertThat(summary.path("rows_left").asLong()).isEqualTo(piece < 2 ? 35 - 25 * piece : 0);
      for (long batch = 0; batch < summary.get("batches").asLong(); batch++) {
        rows.add(null);
      }
      rows.set(rows.size() - 1, Math.min(ROWS, 25L * (piece + 1)));
    }
    assertThat(rows()).isEqualTo(whole);
    assertThat(versions()).hasSameSizeAs(rows);
    for (int version = 0; version < rows.size(); version++) {
      Dataset<Row> then =
          spark.read().format("delta").option("versionAsOf", version).load(output.toString());
      if (rows.get(version) != null) {
        assertThat(then.count()).isEqualTo(rows.get(version));
      }
      assertThat(then.select("batch").distinct().count()).isLessThanOrEqualTo(version);
    }
    long nothing = versions().size();
    assertThat(run(0).get("rows").asLong()).isZero();
    assertThat(versions()).hasSize((int) nothing);
  }

  @Test
  void readersFindTheColumnsThatFilesHaveToo() throws Exception {
    run(0);
    Dataset<Row> files = spark.read().parquet(shared.resolve("whole").toString());
    assertThat(table().schema().catalogString()).isEqualTo(files.schema().catalogString());
    assertThat(table().select("configuration").distinct().as(Encoders.STRING()).collectAsList())
        .containsExactly(state().getFileName().toString());
    assertThat(
            spark
                .sql("describe detail delta.`" + output + "`")
                .selectExpr("concat_ws(',', partitionColumns)")
                .as(Encoders.STRING())
                .first())
        .isEqualTo("configuration,batch");

    Path made = folder.resolve("made");
    table().limit(0).write().format("delta").partitionBy("configuration", "batch").save(made + "");
    run(0, "output.path=" + made);
    assertThat(spark.read().format("delta").load(made + "").count()).isEqualTo(ROWS);
    Path otherwise = folder.resolve("otherwise");
    table().limit(0).write().format("delta").partitionBy("batch").save(otherwise + "");
    refused("cannot be written", "output.path=" + otherwise);
  }

  /** As a run leaves it that was killed between its transaction and the query's commit. */
  @Test
  void anOpenBatchIsAnsweredAgain() throws Exception {
    run(0, "output.batch-rows=20");
    uncommit();
    JsonNode again = run(0);
    assertThat(again.get("rows").asLong()).isBetween(1L, 20L);
    assertThat(rows()).isEqualTo(whole);
  }

  /** The transaction of the first try had fewer rows: to skip the second would lose the others. */
  @Test
  void anOpenBatchThatALimitCutShortIsAnsweredWhole() throws Exception {
    JsonNode stopped = run(75, "limit.tokens=100", "engine.window=1", "input.partitions=1");
    assertThat(stopped.get("rows").asLong()).isBetween(1L, ROWS - 1L);
    assertThat(state().resolve("work/rest=000000")).exists();
    uncommit();
    assertThat(run(0).get("rows").asLong()).isEqualTo(ROWS);
    assertThat(state().resolve("work/rest=000000")).doesNotExist();
    assertThat(rows()).isEqualTo(whole);
  }

  @Test
  void aBatchWithoutRowsIsNoMissingOne() throws Exception {
    assertThat(run(75, "limit.hours=1e-9").get("rows").asLong()).isZero();
    assertThat(table().count()).isZero();
    refused("another value of: generation.seed", "generation.seed=4");
    run(0);
    assertThat(rows()).isEqualTo(whole);
  }

  @Test
  void anotherConfigurationStandsBesideTheFirst() throws Exception {
    run(0);
    refused("another value of: generation.max-tokens", "generation.max-tokens=2");
    JsonNode other = run(0, "generation.max-tokens=2", "output.changed=redo");
    assertThat(other.get("rows").asInt()).isEqualTo(ROWS);
    assertThat(
            table()
                .groupBy("configuration")
                .count()
                .select("count")
                .as(Encoders.LONG())
                .collectAsList())
        .containsExactly((long) ROWS, (long) ROWS);
    long before = versions().size();
    String[] fewer = {"output.columns=[]", "output.changed=redo"};
    String[] more = {"output.columns=[category, text]", "output.changed=redo"};
    refused("output.options.mergeSchema", more);
    assertThat(versions()).hasSize((int) before);
    run(0, fewer);
    run(0, more[0], more[1], "output.options.mergeSchema=true");
    assertThat(table().where("text is not null").count()).isEqualTo(ROWS);
    assertThat(table().where("category is null").count()).isEqualTo(ROWS);
    assertThat(table().count()).isEqualTo(4 * ROWS);
  }

  @Test
  void lettersComeBackIntoTheTable() throws Exception {
    Path some = folder.resolve("in");
    write(some, "id in (7, 31)");
    int token = FaultyWorker.tokenOf(SharedModel.stories(), "Number 7" + FATAL, "Number 7");
    FaultyWorker worker = FaultyWorker.in(folder.resolve("faulty"), List.of("abort " + token));
    List<String> faulty = new ArrayList<>(worker.settings());
    faulty.add("input.path=" + some);
    JsonNode first = run(3, faulty.toArray(String[]::new));
    assertThat(first.get("rows").asInt()).isEqualTo(ROWS - 2);
    assertThat(first.get("dead_letters_open").asInt()).isEqualTo(2);
    assertThat(table().where("id in (7, 31)").count()).isZero();
    JobProcess list = JobProcess.run(folder, job, "--replay", "--list");
    assertThat(list.out().lines()).hasSize(2);
    JsonNode replayed = run(0, "--replay");
    assertThat(replayed.get("rows").asInt()).isEqualTo(2);
    assertThat(replayed.get("dead_letters_open").asInt()).isZero();
    List<String> rows = rows();
    assertThat(rows).hasSize(ROWS);
    rows.removeAll(whole);
    assertThat(rows)
        .hasSize(2)
        .allMatch(row -> row.contains("\"id\":7,") || row.contains("\"id\":31,"));
  }

  /** Nothing of what runs know may go with files that no version of the table has. */
  @Test
  void aVacuumLeavesWhatRunsKnow() throws Exception {
    run(75, "limit.rows=25");
    Path stray = Files.writeString(output.resolve("stray.parquet"), "x");
    String check = "spark.databricks.delta.retentionDurationCheck.enabled";
    spark.conf().set(check, "false");
    try {
      spark.sql("vacuum delta.`" + output + "` retain 0 hours");
    } finally {
      spark.conf().unset(check);
    }
    assertThat(stray).doesNotExist();
    spark.sql("optimize delta.`" + output + "`");
    run(0);
    assertThat(rows()).isEqualTo(whole);
  }

  @Test
  void overwriteReplacesWhatIsThereAndKeepsTheTablesHistory() throws Exception {
    spark.range(5).write().format("delta").save(output.toString());
    refused("no run of spark-llama has made");
    refused("output exists already", "output.mode=error");
    Path spaced = folder.resolve("spaced");
    spark
        .read()
        .parquet(input.toString())
        .withColumnRenamed("category", "the category")
        .write()
        .parquet(spaced.toString());
    String[] spacedColumn = {"input.path=" + spaced, "output.columns=[the category]"};
    refused("cannot be written", "output.mode=overwrite", spacedColumn[0], spacedColumn[1]);
    assertThat(table().count()).isEqualTo(5);
    assertThat(run(0, "output.mode=overwrite").get("rows").asInt()).isEqualTo(ROWS);
    assertThat(rows()).isEqualTo(whole);
    assertThat(
            spark.read().format("delta").option("versionAsOf", 0).load(output.toString()).count())
        .isEqualTo(5);
    String fresh = "output.path=" + folder.resolve("fresh");
    refused("cannot be written", fresh, spacedColumn[0], spacedColumn[1]);
    assertThat(run(75, fresh, "limit.rows=5").get("rows").asInt()).isEqualTo(5);
    JsonNode again = run(0, "output.mode=overwrite", "output.columns=[]");
    assertThat(again.get("rows").asInt()).isEqualTo(ROWS);
    assertThat(table().count()).isEqualTo(ROWS);
    assertThat(table().columns()).doesNotContain("category");
  }

  @Test
  void filesAndATableDoNotMix() throws Exception {
    run(0);
    refused("is a Delta table, whose readers", "output.format=parquet");
    refused("is a Delta table, whose readers", "output.format=parquet", "output.changed=redo");
    run(0, "output.format=parquet", "output.mode=overwrite");
    assertThat(OutputRows.rows(output)).isEqualTo(whole);
    assertThat(output.resolve("_delta_log")).doesNotExist();
    refused("belongs to no Delta table");
    run(0, "output.mode=overwrite");
    assertThat(rows()).isEqualTo(whole);
    try (Stream<Path> files = Files.walk(output)) {
      assertThat(files.map(file -> file.getFileName().toString())).doesNotContain("batch=000000");
    }
  }

  @Test
  void tablesThatNobodyCanGoOnWithAreRefused() throws Exception {
    run(75, "limit.rows=25");
    Path state = state();
    Path checkpoint = state.resolve("checkpoint");
    Path moved = Files.move(checkpoint, folder.resolve("checkpoint"));
    refused("has rows and no checkpoint");
    Files.move(moved, checkpoint);

    Path log = output.resolve("_delta_log");
    moved = Files.move(log, folder.resolve("log"));
    refused("belongs to no Delta table");
    Files.move(moved, log);

    moved = Files.move(state, folder.resolve("state"));
    refused("of which nothing says what they were made with");
    Files.createDirectories(state.getParent()); // a run takes an empty one away
    Files.move(moved, state);

    spark.sql("insert into delta.`" + output + "` select * from delta.`" + output + "`");
    spark.sql("insert into delta.`" + output + "` select * from delta.`" + output + "`");
    refused("has other rows than runs have written");
    spark.sql("restore table delta.`" + output + "` to version as of 0");
    JobProcess lost = JobProcess.run(folder, job); // answers what is pending
    assertThat(lost.code()).isEqualTo(1);
    assertThat(lost.err()).contains("have no answer");
    refused("have neither an answer nor a dead letter");
  }

  @Test
  void optionsThatWouldChangeWhatABatchReplacesAreRefused() throws Exception {
    for (String option :
        List.of(
            "replaceWhere",
            "txnAppId",
            "txnVersion",
            "partitionOverwriteMode",
            "versionAsOf",
            "overwriteSchema",
            "dataChange",
            "delta.appendOnly")) {
      refused("cannot be written with", "output.options." + option + "=true");
    }
    assertThat(output).doesNotExist();
    run(75, "limit.rows=25", "output.options.delta.enableChangeDataFeed=true");
    assertThat(
            spark
                .sql("show tblproperties delta.`" + output + "`")
                .where("key = 'delta.enableChangeDataFeed' and value = 'true'")
                .count())
        .isEqualTo(1);
    run(0, "output.options.userMetadata=night");
    assertThat(rows()).isEqualTo(whole);
  }

  @Test
  void aSessionWithoutDeltasSettingsIsRefused() throws Exception {
    delta.close();
    try {
      refused("this Spark session was started without: spark.sql.extensions = io.delta");
      assertThat(output).doesNotExist();
    } finally {
      delta = DeltaSpark.start();
      spark = delta.session();
    }
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
    assertThat(run.code()).as(run.err()).isEqualTo(2);
  }

  private Dataset<Row> table() {
    return spark.read().format("delta").load(output.toString());
  }

  /** Returns each row as JSON, without what tells batches apart. */
  private List<String> rows() {
    return new ArrayList<>(
        table().drop("configuration", "batch").toJSON().collectAsList().stream().sorted().toList());
  }

  private List<Long> versions() {
    return spark
        .sql("describe history delta.`" + output + "`")
        .select("version")
        .as(Encoders.LONG())
        .collectAsList();
  }

  /** Returns where runs keep what they know of the only configuration. */
  private Path state() throws IOException {
    try (Stream<Path> folders = Files.list(output.resolve("_sparkllama"))) {
      return folders
          .filter(path -> path.getFileName().toString().startsWith("v1-"))
          .findFirst()
          .orElseThrow();
    }
  }

  /** Takes the commit of the last batch back. */
  private void uncommit() throws IOException {
    Path commits = state().resolve("checkpoint/commits");
    try (Stream<Path> all = Files.list(commits)) {
      long last =
          all.map(commit -> commit.getFileName().toString())
              .filter(name -> name.matches("\\d+"))
              .flatMapToLong(name -> LongStream.of(Long.parseLong(name)))
              .max()
              .orElseThrow();
      Files.delete(commits.resolve("" + last));
      Files.deleteIfExists(commits.resolve("." + last + ".crc"));
    }
  }
}
