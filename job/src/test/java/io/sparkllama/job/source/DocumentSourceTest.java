package io.sparkllama.job.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.LocalSpark;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentSourceTest {
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void readsCsvWithOptionsAndSpreadsPartitions() throws Exception {
    Path file = Files.writeString(folder.resolve("a.csv"), "id;text\n1;\"a\nb\"\n2;c\n");
    DocumentSource source =
        new DocumentSource(
            new SourceSpecification(
                "csv",
                List.of(file.toString()),
                Map.of("header", "true", "sep", ";", "multiLine", "true"),
                List.of("ID")));
    Dataset<Row> rows = source.open(spark);
    List<InputColumn> keys = source.keyColumns(rows.schema());
    assertThat(keys).extracting(InputColumn::name).containsExactly("id");
    assertThat(source.count(rows, keys)).isEqualTo(2);
  }

  @Test
  void saysInASentenceWhatCannotBeRead() {
    refused(
        () -> source("parquet", folder.resolve("none").toString()).open(spark),
        "The input cannot be read",
        "Path does not exist",
        "none");
    refused(
        () -> source("parkay", folder.toString()).open(spark),
        "The input cannot be read",
        "parkay");
    refused(() -> source("parquet", folder.toString()).open(spark), "The input cannot be read");
  }

  @Test
  void refusesNullAndDoubledKeysWithCountsAndAnExample() {
    refused(
        () -> count("select * from values (1, 'a'), (null, 'b'), (null, 'c') as t(id, x)", "id"),
        "input.key must not be null: id is null in 2 of 3 rows");
    refused(
        () ->
            count(
                "select * from values (1, 'a'), (2, 'b'), (2, 'c'), (7, 'd'), (7, 'e'), (7, 'f')"
                    + " as t(id, x)",
                "id"),
        "2 keys of id stand at 5 rows, such as 2.");
    refused(
        () -> count("select * from values (1, 'a'), (1, 'a') as t(id, x)", "id", "x"),
        "1 keys of id, x stand at 2 rows. Name columns");
    assertThat(count("select * from values (1, 'a'), (1, 'b') as t(id, x)", "id", "x"))
        .isEqualTo(2);
    assertThat(count("select 1 as id where false", "id")).isZero();
    assertThat(count("select * from values (1), (1) as t(id)")).isEqualTo(2);
  }

  @Test
  void keepsAFailureOfTheClusterApartFromABadInput() {
    Dataset<Row> failing = spark.sql("select cast(raise_error('lost') as int) as id from range(2)");
    DocumentSource source = source("parquet", "x", "id");
    assertThatExceptionOfType(Exception.class)
        .isThrownBy(() -> source.count(failing, source.keyColumns(failing.schema())))
        .isNotInstanceOf(InvalidConfigurationException.class);
  }

  @Test
  void saysThatTheInputIsGone() throws Exception {
    Path file = Files.writeString(folder.resolve("a.csv"), "1\n");
    DocumentSource source = source("csv", file.toString());
    Dataset<Row> rows = source.open(spark);
    Files.delete(file);
    refused(() -> source.count(rows, List.of()), "The input cannot be read");
  }

  @Test
  void tellsFieldsOfOneNameApart() {
    StructType schema =
        spark.sql("select named_struct('id', 1) as a, named_struct('id', 2) as b").schema();
    assertThat(source("parquet", "x", "a.id", "b.id").keyColumns(schema))
        .extracting(InputColumn::path)
        .containsExactly(List.of("a", "id"), List.of("b", "id"));
  }

  @Test
  void takesItsPathFromOneKeyAlone() {
    refused(
        () -> new SourceSpecification("parquet", List.of(), Map.of("path", "x"), List.of()),
        "input.options must not hold a path");
  }

  @Test
  void refusesColumnsThatAreNotThere() {
    StructType schema =
        spark
            .sql(
                "select 1 as id, named_struct('inner', 2, 'x.y', 3) as outer, 4 as `a.b`,"
                    + " array(1) as list, 5 as Case, 6 as case")
            .schema();
    refused(
        () -> InputColumn.resolve(schema, "idd", "prompt.template"),
        "prompt.template names a column that the input has not: idd. Did you mean id?",
        "The input has id, outer, a.b, list, Case, case.");
    refused(() -> InputColumn.resolve(schema, "outer.none", "input.key"), "has not: outer.none");
    refused(() -> InputColumn.resolve(schema, "CASE", "input.key"), "has not: CASE");
    refused(
        () -> InputColumn.resolveText(schema, "list", "prompt.template"),
        "list is of type array<int>");
    refused(
        () -> source("parquet", "x", "id", "ID").keyColumns(spark.sql("select 1 as id").schema()),
        "input.key names a column twice");
  }

  @Test
  void readsNestedAndDottedColumns() {
    Dataset<Row> rows =
        spark.sql("select 1 as id, named_struct('inner', 2, 'x.y', 3) as outer, 4 as `a.b`");
    for (Map.Entry<String, Integer> wanted :
        Map.of("ID", 1, "outer.inner", 2, "outer.x.y", 3, "a.b", 4).entrySet()) {
      InputColumn column = InputColumn.resolve(rows.schema(), wanted.getKey(), "prompt.template");
      assertThat(rows.select(column.column()).first().getInt(0)).isEqualTo(wanted.getValue());
    }
  }

  private static long count(String sql, String... key) {
    Dataset<Row> rows = spark.sql(sql);
    DocumentSource source = source("parquet", "x", key);
    return source.count(rows, source.keyColumns(rows.schema()));
  }

  private static DocumentSource source(String format, String path, String... key) {
    return new DocumentSource(
        new SourceSpecification(format, List.of(path), Map.of(), List.of(key)));
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
