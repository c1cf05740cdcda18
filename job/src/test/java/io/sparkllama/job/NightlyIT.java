package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs one job night after night over files that come as they do in life: late, twice, half written
 * and broken. Each row is answered once, and each file and row is accounted for.
 */
class NightlyIT {
  private static final int ROWS_OF_A_FILE = 40;
  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;
  private Path input;
  private Path output;
  private Dataset<Row> messages;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void prepare() throws IOException {
    input = Files.createDirectories(folder.resolve("in"));
    output = folder.resolve("out");
    Path csv = SharedModel.find("documents", "banking77-test.csv");
    messages =
        spark
            .read()
            .option("header", "true")
            .option("multiLine", "true")
            .option("escape", "\"")
            .csv(csv.toString())
            .coalesce(1)
            .selectExpr("monotonically_increasing_id() as id", "text");
  }

  @Test
  void threeNights() throws Exception {
    parquet("a.parquet", 0);
    parquet("day=1/b.parquet", 1);
    JsonNode first = night(0);
    expect(first, Map.of("files_read", 2, "rows_taken", 80, "rows_set_aside", 0));
    assertThat(answers()).hasSize(80);
    List<String> before = answers();

    parquet("c.parquet", 2);
    Path late = parquet("d.parquet", 3);
    Files.setLastModifiedTime(late, FileTime.fromMillis(86_400_000));
    Files.copy(input.resolve("a.parquet"), input.resolve("a-again.parquet"));
    byte[] whole = Files.readAllBytes(parquet("e.parquet", 4));
    Files.write(input.resolve("e.parquet"), Arrays.copyOf(whole, whole.length / 2));
    Path partial = parquet("f.parquet", 5);
    Files.move(partial, input.resolve("f.parquet.tmp"));
    JsonNode second = night(3);
    expect(
        second,
        Map.of(
            "files", 7,
            "files_read", 2,
            "files_known", 2,
            "files_redelivered", 1,
            "files_partial", 1,
            "files_set_aside", 1,
            "rows_taken", 80));
    assertThat(answers()).hasSize(160).containsAll(before);
    JobProcess again = JobProcess.run(folder, job());
    assertThat(again.code()).isEqualTo(3);
    assertThat(again.err())
        .contains("files in          7: 0 read, 5 known, 0 re-delivered, 1 partial, 1 set aside")
        .contains("set-aside file:" + input + "/e.parquet: it is cut off")
        .contains("partial file:" + input + "/f.parquet.tmp");

    Files.write(input.resolve("e.parquet"), whole);
    Files.move(input.resolve("f.parquet.tmp"), input.resolve("f.parquet"));
    Files.delete(input.resolve("a.parquet")); // moves away, as inputs do
    JsonNode third = night(0);
    expect(third, Map.of("files_read", 2, "files_set_aside", 0, "rows_taken", 80));
    assertThat(answers()).hasSize(240);
    assertThat(ids()).doesNotHaveDuplicates().hasSize(240);
    expect(night(0), Map.of("files_read", 0, "rows_taken", 0));
    anotherPrompt();
  }

  /** What is there stays with the prompt that it was answered by. */
  private void anotherPrompt() throws Exception {
    String prompt = "prompt.template=Say: {{ text }}";
    JobProcess refused = JobProcess.run(folder, job(), prompt);
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("prompt.template");
    JsonNode redone = night(0, prompt, "output.changed=redo");
    // All that is there now: the first file has gone, and what has its contents is read for it.
    expect(redone, Map.of("files_read", 6, "files_redelivered", 0, "rows_taken", 240));
    assertThat(ids()).hasSize(480);
    expect(night(0), Map.of("files_read", 0, "rows_taken", 0));
  }

  @Test
  void badRowsAreListedOnce() throws Exception {
    for (String format : List.of("json", "csv")) {
      output = folder.resolve("out-" + format);
      input = Files.createDirectories(folder.resolve("in-" + format));
      boolean csv = format.equals("csv");
      String good =
          csv
              ? "id,text\n1,one\n2,two\n"
              : "{\"id\":1,\"text\":\"one\"}\n{\"id\":2,\"text\":\"two\"}\n";
      Files.writeString(input.resolve("a"), good);
      expect(night(0, "input.format=" + format, options(csv)), Map.of("rows_taken", 2));
      String bad =
          csv
              ? "id,text\n3,three\n4\n,none\n2,other\n5,x\n5,y\n6,six\n6,six\n"
              : """
                {"id":3,"text":"three"}
                {"id":4,"te
                {"text":"none"}
                {"id":2,"text":"other"}
                {"id":5,"text":"x"}
                {"id":5,"text":"y"}
                {"id":6,"text":"six"}
                {"id":6,"text":"six"}
                """;
      Files.writeString(input.resolve("b"), bad);
      JsonNode second = night(3, "input.format=" + format, options(csv));
      expect(
          second, Map.of("rows", 8, "rows_taken", 2, "rows_redelivered", 1, "rows_set_aside", 5));
      Map<String, Integer> classes = new TreeMap<>();
      String list = second.get("input").get("set_aside_list").asText();
      for (String line : lines(list)) {
        JsonNode row = new ObjectMapper().readTree(line);
        classes.merge(row.get("class").asText(), 1, Integer::sum);
        assertThat(row.get("file").asText()).endsWith("/b");
        assertThat(row.get("message").asText()).isNotEmpty();
      }
      assertThat(classes)
          .isEqualTo(Map.of("ambiguous-key", 2, "changed", 1, "null-key", 1, "unparsed", 1));
      assertThat(ids()).containsExactlyInAnyOrder("1", "2", "3", "6");
      expect(night(0, "input.format=" + format, options(csv)), Map.of("rows", 0));
      JobProcess refused =
          JobProcess.run(
              folder,
              job(),
              "input.format=" + format,
              options(csv),
              "input.bad-rows=refuse",
              "output.path=" + folder.resolve("refused-" + format));
      assertThat(refused.code()).isEqualTo(2);
      assertThat(refused.err()).contains("input.bad-rows is refuse", "of 10 rows");
    }
  }

  /** A limit leaves rows of files that were read in part: the next night takes the others. */
  @Test
  void limitedNightsTakeEachRowOnce() throws Exception {
    for (String key : List.of("input.key=id", "input.key=[]")) {
      output = folder.resolve("out-" + key.endsWith("id"));
      parquet("a.parquet", 0);
      parquet("b.parquet", 1);
      JsonNode first = night(75, "limit.rows=50", key);
      assertThat(first.get("rows").asInt()).isEqualTo(50);
      assertThat(first.get("rows_left").asInt()).isEqualTo(30);
      JsonNode second = night(0, key);
      assertThat(second.get("rows").asInt()).isEqualTo(30);
      assertThat(answers()).hasSize(80).doesNotHaveDuplicates();
    }
  }

  private static String options(boolean csv) {
    return csv ? "input.options={header=true}" : "input.options={}";
  }

  private JsonNode night(int code, String... overrides) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(overrides));
    arguments.add("--json");
    JobProcess run = JobProcess.run(folder, job(), arguments.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    JsonNode summary = new ObjectMapper().readTree(run.out());
    JsonNode rows = summary.get("input");
    assertThat(rows.get("rows").asLong())
        .isEqualTo(
            rows.get("rows_taken").asLong()
                + rows.get("rows_left").asLong()
                + rows.get("rows_known").asLong()
                + rows.get("rows_redelivered").asLong()
                + rows.get("rows_set_aside").asLong());
    return summary;
  }

  private static void expect(JsonNode summary, Map<String, Integer> counts) {
    counts.forEach(
        (name, count) ->
            assertThat(summary.get("input").get(name).asInt())
                .as(name + " of " + summary)
                .isEqualTo(count));
  }

  private String job() {
    return """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input { path = "%s", key = id }
        prompt.template = "{{ text }}"
        prompt.overlong = truncate-middle
        generation { max-tokens = 4, seed = 3 }
        output.path = "%s"
        """
        .formatted(SharedModel.stories(), cache, input, output);
  }

  /** Writes a file of messages. */
  private Path parquet(String name, int number) throws IOException {
    Path written = folder.resolve("parquet" + System.nanoTime());
    messages
        .where(
            functions.col("id").between(number * ROWS_OF_A_FILE, (number + 1) * ROWS_OF_A_FILE - 1))
        .write()
        .parquet(written.toString());
    Path file = input.resolve(name);
    Files.createDirectories(file.getParent());
    try (Stream<Path> files = Files.list(written)) {
      Path part =
          files
              .filter(path -> path.getFileName().toString().startsWith("part"))
              .findFirst()
              .orElseThrow();
      return Files.copy(part, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private List<String> answers() {
    return spark.read().parquet(output.toString()).drop("batch").toJSON().collectAsList().stream()
        .sorted()
        .toList();
  }

  private List<String> ids() {
    return spark
        .read()
        .parquet(output.toString())
        .selectExpr("string(id) as id")
        .as(Encoders.STRING())
        .collectAsList();
  }

  private static List<String> lines(String folder) throws IOException {
    List<String> lines = new ArrayList<>();
    String local = folder.startsWith("file:") ? folder.substring("file:".length()) : folder;
    try (Stream<Path> files = Files.list(Path.of(local))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".json")).toList()) {
        lines.addAll(Files.readAllLines(file));
      }
    }
    return lines;
  }
}
