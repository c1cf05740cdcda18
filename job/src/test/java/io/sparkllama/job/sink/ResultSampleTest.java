package io.sparkllama.job.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.OutputMode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultSampleTest {
  private static final String COMPLETION =
      "named_struct('text', %s, 'finish_reason', 'stop', 'prompt_tokens', 1, 'completion_tokens', 1,"
          + " 'log_probability', -0.5D, 'error',"
          + " cast(null as struct<class: string, message: string>)) as completion";

  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void showsTheTextOfCompletions() {
    String printed = printed("select 'k1' as id, " + COMPLETION.formatted("'hello'"), 10);
    assertThat(printed).contains("id", "text", "error", "k1", "hello").doesNotContain("stop");
  }

  @Test
  void showsLabelsWithoutTheMapOfAll() {
    String printed =
        printed(
            "select 'k1' as id, "
                + COMPLETION.formatted("cast(null as string)")
                + ", 'refund' as label, 0.98765D as probability, map('refund', 0.98765D) as"
                + " probabilities",
            10);
    assertThat(printed)
        .contains("k1", "refund", "0.9877")
        .doesNotContain("probabilities", "text", "0.98765");
  }

  @Test
  void showsNoMoreThanAsked() {
    assertThat(printed("select id from range(5)", 2)).contains("only showing top 2 rows");
    assertThat(printed("select id from range(5)", 0)).isEmpty();
  }

  @Test
  void needsAPath() {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(
            () ->
                new SinkSpecification(
                    "noop", Optional.empty(), Optional.of(OutputMode.ERROR), Map.of(), 10))
        .withMessageContaining("output.show");
  }

  @Test
  void showsAnOutputOfNoRowsInAFormatWithoutASchema() {
    assertThat(printed("json", "select id from range(0)", 2))
        .contains("id")
        .doesNotContain("warning");
  }

  @Test
  void warnsWhereTheOutputCannotBeReadBack() {
    SinkSpecification specification =
        new SinkSpecification(
            "parquet",
            Optional.of(folder.resolve("gone").toString()),
            Optional.of(OutputMode.OVERWRITE),
            Map.of(),
            3);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ResultSample(specification)
        .print(
            spark.range(1).schema(),
            () -> written(specification, spark.range(1).schema()),
            new PrintStream(bytes, true, StandardCharsets.UTF_8));
    assertThat(bytes.toString(StandardCharsets.UTF_8).strip().lines())
        .singleElement()
        .asString()
        .startsWith("warning: the output is written");
  }

  private static Dataset<Row> written(SinkSpecification specification, StructType columns) {
    return new ResultSink(specification)
        .read(spark, columns, List.of(specification.path().orElseThrow()));
  }

  private String printed(String query, int rows) {
    return printed("parquet", query, rows);
  }

  private String printed(String format, String query, int rows) {
    SinkSpecification specification =
        new SinkSpecification(
            format,
            Optional.of(folder.resolve("out").toString()),
            Optional.of(OutputMode.OVERWRITE),
            Map.of(),
            rows);
    Dataset<Row> written = spark.sql(query);
    written.write().mode("overwrite").format(format).save(specification.path().get());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new ResultSample(specification)
        .print(
            written.schema(),
            () -> written(specification, written.schema()),
            new PrintStream(bytes, true, StandardCharsets.UTF_8));
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
