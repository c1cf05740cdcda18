package io.sparkllama.job.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.OutputMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultSinkTest {
  private static final Configuration HADOOP = new Configuration();
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void writesAndReplacesOnlyWhereAsked() throws Exception {
    Path path = folder.resolve("out");
    ResultSink once = sink("parquet", path, OutputMode.ERROR);
    once.check(HADOOP, List.of());
    once.write(spark.range(3).toDF());
    assertThat(spark.read().parquet(path.toString()).count()).isEqualTo(3);
    refused(
        () -> once.check(HADOOP, List.of()),
        "The output exists already",
        "output.mode = overwrite");
    refused(() -> once.write(spark.range(3).toDF()), "The output cannot be written");

    ResultSink again = sink("parquet", path, OutputMode.OVERWRITE);
    again.check(HADOOP, List.of(folder.resolve("in").toString()));
    again.write(spark.range(5).toDF());
    assertThat(spark.read().parquet(path.toString()).count()).isEqualTo(5);
  }

  @Test
  void neverReplacesItsOwnInput() throws Exception {
    Path input = Files.createDirectories(folder.resolve("data/in"));
    for (Path output : List.of(input, folder.resolve("data"))) {
      refused(
          () ->
              sink("parquet", output, OutputMode.OVERWRITE).check(HADOOP, List.of("file:" + input)),
          "would replace the input");
    }
    sink("parquet", folder.resolve("data/in2"), OutputMode.OVERWRITE)
        .check(HADOOP, List.of(input.toString()));
  }

  @Test
  void seesItsInputThroughWildcardsLinksAndFoldersAround() throws Exception {
    Path data = Files.createDirectories(folder.resolve("data"));
    Path part = Files.createDirectories(data.resolve("a"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), data);
    refusesToReplace(part, data + "/*");
    refusesToReplace(part, data + "/{a,b}");
    refusesToReplace(data, data + "/*");
    refusesToReplace(data.resolve("out"), data.toString()); // a second run would read the first's
    refusesToReplace(link.resolve("a"), data + "/*");
    refusesToReplace(link.resolve("new/out"), data.toString());
    sink("parquet", folder.resolve("other"), OutputMode.OVERWRITE)
        .check(HADOOP, List.of(data + "/*", folder + "/none/*"));
  }

  private static void refusesToReplace(Path output, String input) {
    refused(
        () -> sink("parquet", output, OutputMode.OVERWRITE).check(HADOOP, List.of(input)),
        "would replace the input",
        output + " and " + input);
  }

  @Test
  void aFormatThatWritesNoFolderGetsNone() throws Exception {
    Path path = folder.resolve("nothing");
    sink("noop", path, OutputMode.OVERWRITE).write(spark.range(3).toDF());
    assertThat(path).doesNotExist();
  }

  @Test
  void onlyFilesCanBeGoneOnWith() {
    for (ResultSink sink : List.of(sink("noop", folder.resolve("x"), OutputMode.RESUME))) {
      assertThat(sink.kind()).isEqualTo(SinkKind.ONE_ACTION);
      refused(() -> sink.check(HADOOP, List.of()), "output.mode = resume goes on with files");
    }
    for (String format : List.of("parquet", "orc", "json", "csv", "text", "xml")) {
      assertThat(sink(format, folder.resolve("x"), OutputMode.ERROR).kind())
          .isEqualTo(SinkKind.FILES);
    }
  }

  @Test
  void theModeFollowsTheFormatWhereTheJobFileNamesNone() {
    Optional<String> path = Optional.of(folder.resolve("x").toString());
    assertThat(sink("parquet", path).mode()).isEqualTo(OutputMode.RESUME);
    assertThat(sink("noop", path).mode()).isEqualTo(OutputMode.ERROR);
    assertThat(sink("jdbc", Optional.empty()).mode()).isEqualTo(OutputMode.ERROR);
  }

  private static ResultSink sink(String format, Optional<String> path) {
    return new ResultSink(new SinkSpecification(format, path, Optional.empty(), Map.of(), 0));
  }

  @Test
  void takesItsPathFromOneKeyAlone() {
    refused(
        () ->
            new SinkSpecification(
                "parquet",
                Optional.empty(),
                Optional.of(OutputMode.OVERWRITE),
                Map.of("Path", "x"),
                0),
        "output.options must not hold a path");
  }

  @Test
  void writesAnEmptyOutputWithItsSchema() throws Exception {
    Path path = folder.resolve("empty");
    Dataset<Row> none = spark.sql("select 1 as id, named_struct('a', 'b') as s where false");
    sink("parquet", path, OutputMode.ERROR).write(none);
    Dataset<Row> read = spark.read().parquet(path.toString());
    assertThat(read.count()).isZero();
    assertThat(read.columns()).containsExactly("id", "s");
  }

  @Test
  void saysInASentenceWhatAFormatCannotTake() {
    Dataset<Row> nested = spark.sql("select named_struct('a', 'b') as s");
    refused(
        () -> sink("csv", folder.resolve("c"), OutputMode.ERROR).write(nested),
        "The output cannot be written");
    refused(
        () -> sink("parkay", folder.resolve("p"), OutputMode.ERROR).write(nested),
        "The output cannot be written");
    refused(
        () -> sink("parquet", OutputMode.ERROR, "nofs://x/y").check(HADOOP, List.of()),
        "output.path is on a file system",
        "nofs://x/y");
    refused(
        () -> sink("parquet", OutputMode.OVERWRITE, "s3a://b/out").check(HADOOP, List.of()),
        "output.path is on a file system",
        "--packages org.apache.hadoop:hadoop-aws",
        "s3a://b/out");
  }

  private static ResultSink sink(String format, Path path, OutputMode mode) {
    return sink(format, mode, path.toString());
  }

  private static ResultSink sink(String format, OutputMode mode, String path) {
    return new ResultSink(
        new SinkSpecification(format, Optional.of(path), Optional.of(mode), Map.of(), 0));
  }

  private static void refused(ThrowingCallable call, String... parts) {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(call)
        .satisfies(
            e -> {
              assertThat(e.getMessage()).contains(parts);
              assertThat(e.getMessage()).doesNotContain("\n");
            });
  }
}
