package io.sparkllama.job.screening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.screening.FileRecord.Fate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileScreenTest {
  private static SparkSession spark;

  @TempDir Path folder;
  private final List<FileRecord> records = new ArrayList<>();

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void takesEachFileOnceHoweverOldItIs() throws Exception {
    write("a.json", "1");
    write("b.json", "2");
    assertThat(night("json")).containsExactly("a.json", "b.json");
    Path old = write("c.json", "3");
    Files.setLastModifiedTime(old, FileTime.fromMillis(86_400_000));
    assertThat(night("json")).containsExactly("c.json");
    assertThat(select("json").known()).isEqualTo(3);
    write("b.json", "more than before");
    assertThat(night("json")).containsExactly("b.json");
    assertThat(night("json")).isEmpty();
  }

  @Test
  void readsEqualContentsOnce() throws Exception {
    write("a.json", "same");
    write("m.json", "same");
    write("n.json", "othr"); // as long
    FileSelection first = select("json");
    assertThat(names(first)).containsExactly("a.json", "n.json");
    assertThat(left(first)).containsExactly("m.json re-delivered " + path("a.json"));
    records.addAll(first.records());
    Files.delete(folder.resolve("a.json")); // the first delivery has moved away
    write("z.json", "same");
    FileSelection second = select("json");
    assertThat(names(second)).isEmpty();
    assertThat(left(second)).containsExactly("z.json re-delivered " + path("a.json"));
    assertThat(second.known()).isEqualTo(2);
    records.addAll(second.records());
    assertThat(select("json").known()).isEqualTo(3);
  }

  @Test
  void equalContentsOfOtherPartitionsAreOtherRows() throws Exception {
    write("day=1/a.json", "same");
    write("day=2/a.json", "same");
    write("day=2/b.json", "same");
    FileSelection selection = select("json");
    assertThat(names(selection)).containsExactly("day=1/a.json", "day=2/a.json");
    assertThat(left(selection))
        .containsExactly("day=2/b.json re-delivered " + path("day=2/a.json"));
  }

  @Test
  void aFileThatWasOnlyTouchedIsNotReadAgain() throws Exception {
    Path file = write("a.json", "1");
    assertThat(night("json")).hasSize(1);
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000));
    assertThat(night("json")).isEmpty();
    write("a.json", "22");
    assertThat(night("json")).hasSize(1);
  }

  /** A few are read by the driver, more by tasks. */
  @Test
  void manyFilesAreJudgedAsFewAre() throws Exception {
    Path whole = folder.resolve("whole");
    spark.range(0, 90, 1, 3).write().parquet(whole.toString());
    Files.writeString(whole.resolve("text"), "no footer here");
    int before = jobs();
    FileSelection few = select("parquet", "/whole");
    assertThat(jobs()).isEqualTo(before);
    assertThat(few.files()).hasSize(3);
    assertThat(left(few)).singleElement().asString().contains("text set-aside");
    for (int i = 0; i < 9; i++) {
      Files.copy(whole.resolve("text"), whole.resolve("text" + i));
    }
    FileSelection many = select("parquet", "/whole");
    assertThat(jobs()).isGreaterThan(before);
    assertThat(many.records().subList(0, 3)).isEqualTo(few.records().subList(0, 3));
    assertThat(names(many)).isEqualTo(names(few));
    assertThat(left(many)).hasSize(10).allMatch(line -> line.contains("set-aside"));
  }

  @Test
  void setsBrokenFilesAsideUntilTheyChange() throws Exception {
    for (String format : List.of("parquet", "orc")) {
      records.clear();
      Path whole = folder.resolve(format);
      spark.range(100).coalesce(1).write().format(format).save(whole.toString());
      Path data;
      try (Stream<Path> all = Files.list(whole)) {
        data = all.filter(file -> file.getFileName().toString().startsWith("part")).toList().get(0);
      }
      byte[] bytes = Files.readAllBytes(data);
      Path cut = whole.resolve("cut");
      Files.write(cut, Arrays.copyOf(bytes, bytes.length / 2));
      Files.writeString(whole.resolve("text"), "no footer here");
      for (int night = 0; night < 2; night++) {
        FileSelection selection = select(format, "/" + format);
        assertThat(selection.files()).hasSize(night == 0 ? 1 : 0);
        assertThat(left(selection))
            .hasSize(2)
            .allMatch(line -> line.contains("set-aside it is cut off, damaged, or no " + format));
        records.addAll(selection.records());
      }
      Files.write(cut, bytes);
      FileSelection repaired = select(format, "/" + format);
      assertThat(left(repaired)).anyMatch(line -> line.contains("cut re-delivered"));
    }
  }

  @Test
  void readsCompressedTextsToTheirEnds() throws Exception {
    byte[] gzip;
    try (var bytes = new java.io.ByteArrayOutputStream()) {
      try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
        out.write("{\"a\":1}\n".repeat(1000).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      }
      gzip = bytes.toByteArray();
    }
    Files.write(folder.resolve("whole.json.gz"), gzip);
    Files.write(folder.resolve("cut.json.gz"), Arrays.copyOf(gzip, gzip.length - 9));
    Files.writeString(folder.resolve("none.json.gz"), "{\"a\":1}\n");
    FileSelection selection = select("json");
    assertThat(names(selection)).containsExactly("whole.json.gz");
    assertThat(left(selection)).allMatch(line -> line.contains("set-aside it is cut off"));
  }

  @Test
  void aFileThatGrowsIsLeftForTheNextRunWithThoseThatEqualIt() throws Exception {
    write("a.json", "same");
    write("b.json", "same");
    write("c.json", "else");
    FileScreen screen = screen("json", "");
    FileSelection selection = screen.select(spark, records);
    assertThat(screen.withoutChanged(selection)).isEqualTo(selection);
    write("a.json", "same and more");
    FileSelection left = screen.withoutChanged(selection);
    assertThat(names(left)).containsExactly("c.json");
    assertThat(left.others()).extracting(FileRecord::fate).containsOnly(Fate.PARTIAL);
    assertThat(left.records()).hasSize(1);
    records.addAll(left.records());
    assertThat(night("json")).containsExactly("a.json", "b.json");
  }

  @Test
  void recordsAreReadAsTheyWereWritten() throws Exception {
    FileRecord record =
        new FileRecord("file:/a b", 7, 8, "day=1", "ab", Fate.SET_ASIDE, "it is cut off");
    ObjectNode node = new ObjectMapper().createObjectNode();
    record.put(node);
    assertThat(FileRecord.parse(new ObjectMapper().readTree(node.toString()), "m"))
        .isEqualTo(record);
    for (String field : List.of("path", "length", "modified", "fate")) {
      ObjectNode damaged = node.deepCopy();
      damaged.put(field, field.equals("path") ? "" : "x");
      assertThatExceptionOfType(InvalidConfigurationException.class)
          .isThrownBy(() -> FileRecord.parse(damaged, "the-manifest"))
          .withMessageContaining("is damaged")
          .withMessageEndingWith("the-manifest");
    }
  }

  private List<String> night(String format) throws IOException {
    FileSelection selection = select(format);
    records.addAll(selection.records());
    return names(selection);
  }

  private FileSelection select(String format) throws IOException {
    return select(format, "");
  }

  private FileSelection select(String format, String path) throws IOException {
    return screen(format, path).select(spark, records);
  }

  private FileScreen screen(String format, String path) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    FileOptions options = new FileOptions(format, Map.of());
    return new FileScreen(
        new FileListing(hadoop, List.of(folder + path), options), new FileProbe(format, hadoop));
  }

  /** Returns the number of jobs that Spark has begun so far. */
  private static int jobs() {
    return spark.sparkContext().dagScheduler().numTotalJobs();
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private String path(String name) {
    return "file:" + folder + "/" + name;
  }

  private List<String> names(FileSelection selection) {
    return selection.files().stream()
        .map(file -> file.path().substring(path("").length()))
        .toList();
  }

  private List<String> left(FileSelection selection) {
    return selection.others().stream()
        .map(
            file ->
                file.path().substring(path("").length())
                    + " "
                    + file.fate().text()
                    + " "
                    + file.detail())
        .toList();
  }
}
