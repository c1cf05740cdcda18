package io.sparkllama.job.screening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.BadRows;
import io.sparkllama.job.report.InputFiles;
import io.sparkllama.job.report.InputReport;
import io.sparkllama.job.source.SourceSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Screens inputs of real files, night after night. */
class ScreeningTest {
  private static final BadRowLimit ANY = new BadRowLimit(BadRows.SET_ASIDE, 100);

  /** Stands for the text of a document, in what nobody may see of it. */
  private static final String CANARY = "canary-31337";

  private static SparkSession spark;

  @TempDir Path folder;
  private Path input;
  private final List<FileRecord> records = new ArrayList<>();
  private Optional<Dataset<Row>> taken = Optional.empty();
  private Optional<StructType> columns = Optional.empty();
  private InputReport report;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @org.junit.jupiter.api.BeforeEach
  void prepare() throws IOException {
    input = Files.createDirectories(folder.resolve("in"));
  }

  @AfterEach
  void reset() {
    spark.conf().unset("spark.sql.files.ignoreCorruptFiles");
  }

  @Test
  void readsFilesOfAnyNameOnceAndKeepsTheColumnsOfFolders() throws Exception {
    for (String name :
        List.of(
            "day=1/[1] a%20b.json", "day=1/{x,y}*?.json", "day=2/h\\i.json", "day=2/k l.json")) {
      Files.createDirectories(input.resolve(name).getParent());
      Files.writeString(
          input.resolve(name), "{\"id\":\"" + name.hashCode() + "\",\"text\":\"t\"}\n");
    }
    assertThat(night(json(), "id", "text", "day")).hasSize(4);
    assertThat(report.files().orElseThrow().read()).isEqualTo(4);
    Files.writeString(input.resolve("day=2/[1] b.json"), "{\"id\":\"n\",\"text\":\"t\"}\n");
    assertThat(night(json(), "id", "text", "day")).containsExactly("n t 2");
    // The same files, found by wildcards in folders that give no columns then.
    InputScreen flat = InputScreen.of(spark, source("json", input + "/*", Map.of()));
    assertThat(flat.rows(flat.columns(), flat.select(List.of())).count()).isEqualTo(5);
  }

  @Test
  void setsARecordAsideThatDoesNotParse() throws Exception {
    Files.write(
        input.resolve("a.json"),
        ("{\"id\":\"1\",\"text\":\"a\"}\n{\"id\":\"2\",\"text\":\"" + CANARY)
            .getBytes(StandardCharsets.UTF_8));
    Files.write(
        input.resolve("b.json"),
        "{\"id\":\"3\",\"text\":\"\377\"}\n{\"id\":\"4\",\"text\":\"d\"}\n[\"x\"]\n"
            .getBytes(StandardCharsets.ISO_8859_1));
    assertThat(night(json(), "id", "text")).containsExactlyInAnyOrder("1 a", "4 d");
    assertThat(report.rows().setAside()).isEqualTo(Map.of("unparsed", 3L));
    assertThat(report.rows().in()).isEqualTo(5);
    assertThat(list())
        .hasSize(3)
        .allMatch(line -> line.contains("\"class\":\"unparsed\"") && !line.contains("\"key\""))
        .noneMatch(line -> line.contains(CANARY))
        .anyMatch(line -> line.contains("a.json"));
  }

  @Test
  void setsRowsOfCsvAsideAndFilesWithAnotherHeader() throws Exception {
    Files.writeString(input.resolve("a.csv"), "id,text\n1,a\n2\n3,c,more\n4,\"d\"\n");
    SourceSpecification csv = source("csv", input.toString(), Map.of("header", "true"));
    assertThat(night(csv, "id", "text")).containsExactlyInAnyOrder("1 a", "4 d");
    assertThat(report.rows().setAside()).isEqualTo(Map.of("unparsed", 2L));
    Files.writeString(input.resolve("b.csv"), "text,id\n" + CANARY + ",5\n");
    Files.writeString(input.resolve("c.csv"), "id,text\n6,f\n");
    assertThat(night(csv, "id", "text")).containsExactly("6 f");
    assertThat(left()).containsExactly("b.csv set-aside");
    assertThat(report.toString()).doesNotContain(CANARY);
  }

  @Test
  void setsFilesAsideThatShowOnlyWhileTheyAreReadThatTheyAreBroken() throws Exception {
    spark.conf().set("spark.sql.files.ignoreCorruptFiles", "true"); // as a cluster may have it
    Path whole = parquet("range(2000)", "whole");
    byte[] bytes = Files.readAllBytes(whole);
    for (int i = bytes.length / 4; i < bytes.length / 2; i++) {
      bytes[i] ^= 0x55;
    }
    Files.write(input.resolve("damaged.parquet"), bytes);
    Files.copy(parquet("range(3)", "few"), input.resolve("few.parquet"));
    Files.copy(
        parquet("(select string(id) as id from range(10, 12))", "typed"),
        input.resolve("typed.parquet"));
    columns = Optional.of(new StructType().add("id", "long").add("text", "string"));
    assertThat(night(source("parquet", input.toString(), Map.of()), "id", "text")).hasSize(3);
    assertThat(left())
        .containsExactlyInAnyOrder("damaged.parquet set-aside", "typed.parquet set-aside");
    assertThat(night(source("parquet", input.toString(), Map.of()), "id", "text")).isEmpty();
    assertThat(left()).hasSize(2);
    Files.copy(
        whole, input.resolve("damaged.parquet"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertThat(night(source("parquet", input.toString(), Map.of()), "id", "text")).hasSize(1997);
    assertThat(report.rows().known()).isEqualTo(3);
  }

  @Test
  void setsAFileAsideOfWhichNoRecordParses() throws Exception {
    Files.writeString(input.resolve("a.json"), "{\"id\":\"1\",\"text\":\"a\"}\n");
    for (int i = 0; i < 30; i++) {
      Files.writeString(input.resolve("b" + i), (CANARY + i + "\n").repeat(1000));
    }
    assertThat(night(json(), "id", "text")).containsExactly("1 a");
    assertThat(left()).hasSize(30).allMatch(file -> file.matches("b\\d+ set-aside"));
    assertThat(report.rows().in()).isEqualTo(1);
  }

  @Test
  void aFileThatIsWrittenToDuringTheIntakeIsReadByTheNext() throws Exception {
    Path growing = Files.writeString(input.resolve("a.json"), "{\"id\":\"1\",\"text\":\"a\"}\n");
    Files.writeString(input.resolve("b.json"), "{\"id\":\"2\",\"text\":\"b\"}\n");
    List<Long> counts = new ArrayList<>();
    Screening screening = screening(json(), "id", "text");
    screening.take(
        screening.screen(records, taken),
        rows -> {
          counts.add(rows.count());
          if (counts.size() == 1) {
            Files.writeString(growing, "{\"id\":\"1\",\"text\":\"a\"}\n{\"id\":\"3\"");
          }
          rows.requireUnchanged();
          report = rows.report(rows.count(), Optional.empty(), 0);
          return null;
        });
    assertThat(counts).containsExactly(2L, 1L);
    assertThat(left()).containsExactly("a.json partial");
  }

  @Test
  void changedFilesAreComparedByTheirRows() throws Exception {
    for (String key : List.of("id", "")) {
      records.clear();
      taken = Optional.empty();
      Path file = input.resolve("a.json");
      String line = "{\"id\":\"1\",\"text\":\"a\"}\n";
      Files.writeString(file, line);
      SourceSpecification source =
          new SourceSpecification(
              "json",
              List.of(input.toString()),
              Map.of(),
              key.isEmpty() ? List.of() : List.of(key));
      assertThat(night(source, "id", "text")).hasSize(1);
      Files.writeString(file, line + "{\"id\":\"2\",\"text\":\"b\"}\n");
      assertThat(night(source, "id", "text")).containsExactly("2 b");
      assertThat(report.rows().known()).isEqualTo(1);
      Files.writeString(file, "{\"id\":\"1\",\"text\":\"other\"}\n");
      assertThat(night(source, "id", "text")).hasSize(key.isEmpty() ? 1 : 0);
      assertThat(report.rows().setAside())
          .isEqualTo(key.isEmpty() ? Map.of() : Map.of("changed", 1L));
    }
  }

  @Test
  void manyBadRowsRefuseTheRun() throws Exception {
    String rows = ids(0, 1000) + ("{\"text\":\"" + CANARY + "\"}\n").repeat(20);
    Files.writeString(input.resolve("a.json"), rows);
    assertThat(screened(new BadRowLimit(BadRows.SET_ASIDE, 0.1))).isEqualTo(1000);
    refused(
        new BadRowLimit(BadRows.REFUSE, 0.1),
        "input.bad-rows is refuse",
        "input.key must not be null",
        ": 20 null-key of 1020 rows");
    Files.writeString(input.resolve("b.json"), "{\"text\":\"b\"}\n" + ids(5, 6).replace("t5", "x"));
    refused(
        new BadRowLimit(BadRows.SET_ASIDE, 0.1),
        "input.bad-rows-percent",
        "input.key must differ",
        ": 21 null-key, 2 ambiguous-key of 1022 rows");
    assertThat(screened(new BadRowLimit(BadRows.SET_ASIDE, 3))).isEqualTo(999);
  }

  private void refused(BadRowLimit limit, String... parts) {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> screened(limit))
        .satisfies(
            wrong -> assertThat(wrong.getMessage()).contains(parts).doesNotContain(CANARY, "\n"));
  }

  private long screened(BadRowLimit limit) throws IOException {
    return new DocumentRows(spark, json(), List.of("id", "text"))
        .screening(Optional.empty(), limit)
        .screen(List.of(), Optional.empty())
        .count();
  }

  private static String ids(int from, int to) {
    StringBuilder lines = new StringBuilder();
    IntStream.range(from, to)
        .forEach(i -> lines.append("{\"id\":\"" + i + "\",\"text\":\"t" + i + "\"}\n"));
    return lines.toString();
  }

  /** Takes the new rows as an intake does, and returns them. */
  private List<String> night(SourceSpecification source, String... names) throws IOException {
    DocumentRows documents = new DocumentRows(spark, source, List.of(names));
    Path work = folder.resolve("work" + System.nanoTime());
    columns = Optional.of(columns.isPresent() ? columns.get() : documents.columns());
    Screening screening = documents.screening(columns, ANY);
    List<String> rows =
        screening.take(
            screening.screen(records, taken),
            screened -> {
              screened.toTake().rows().write().mode("overwrite").parquet(work.toString());
              screened.requireUnchanged();
              screened.list(folder.resolve("list").toString());
              report = screened.report(screened.count(), Optional.empty(), 0);
              records.addAll(screened.files(screened.count()));
              return documents.texts(spark.read().parquet(work.toString()));
            });
    Dataset<Row> now = spark.read().schema(TakenRows.COLUMNS).parquet(work.toString());
    taken = Optional.of(taken.map(before -> before.union(now)).orElse(now));
    assertThat(report.rows().taken()).isEqualTo(rows.size());
    return rows;
  }

  private Screening screening(SourceSpecification source, String... names) throws IOException {
    return new DocumentRows(spark, source, List.of(names)).screening(columns, ANY);
  }

  private SourceSpecification json() {
    return source("json", input.toString(), Map.of());
  }

  private static SourceSpecification source(
      String format, String path, Map<String, String> options) {
    return new SourceSpecification(format, List.of(path), options, List.of("id"));
  }

  private Path parquet(String rows, String name) throws IOException {
    Path written = folder.resolve(name);
    spark
        .sql("select id, sha2(string(id), 256) as text from " + rows)
        .coalesce(1)
        .write()
        .parquet(written.toString());
    try (Stream<Path> files = Files.list(written)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("part"))
          .findFirst()
          .orElseThrow();
    }
  }

  private List<String> left() {
    String prefix = "file:" + input + "/";
    return report.files().map(InputFiles::left).orElseThrow().stream()
        .map(file -> file.path().substring(prefix.length()) + " " + file.fate())
        .toList();
  }

  private List<String> list() {
    return Arrays.asList(
        (String[])
            spark
                .read()
                .text(folder.resolve("list").toString())
                .as(org.apache.spark.sql.Encoders.STRING())
                .collect());
  }
}
