package io.sparkllama.job.planning;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.prompt.RowKeys;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DoneRowsTest {
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void rowsOfADerivedKeyAreCountedByTheirChosenColumns() {
    Dataset<Row> input =
        spark.sql(
            "select * from values ('a', 1), ('a', 1), ('a', 2), ('a', null), ('a', null),"
                + " (null, 1), ('b', 1) as t(c0, c1)");
    Dataset<Row> output =
        output("('" + key("a") + "', 1), ('" + key("a") + "', null), ('" + key("b") + "', 1)");
    DoneRows done = DoneRows.ofOutput(new RowIdentity(0, 1, 1, 1), output);
    assertThat(texts(done.leaveOut(input)))
        .containsExactlyInAnyOrder("[a,1]", "[a,2]", "[a,null]", "[null,1]");
    assertThat(done.leaveOut(input).columns()).containsExactly("c0", "c1");
  }

  @Test
  void aUsersKeyAloneTellsRowsApart() {
    Dataset<Row> input =
        spark.sql(
            "select * from values (1, 'x', 'a'), (2, 'y', 'b'), (3, 'z', 'c') as t(c0,c1,c2)");
    Dataset<Row> output = spark.sql("select 2 as `the.id`, 'has changed' as c, 7 as completion");
    DoneRows done = DoneRows.ofOutput(new RowIdentity(1, 1, 1, 1), output);
    assertThat(texts(done.leaveOut(input))).containsExactlyInAnyOrder("[1,x,a]", "[3,z,c]");
  }

  @Test
  void rowsThatTheInputHasNoLongerAreOfNoMatter() {
    Dataset<Row> input = spark.sql("select 'a' as c0, 1 as c1");
    Dataset<Row> more = output("('" + key("a") + "', 1), ('" + key("a") + "', 1), ('z', 7)");
    DoneRows done = DoneRows.ofOutput(new RowIdentity(0, 1, 1, 1), more);
    assertThat(done.leaveOut(input).count()).isZero();
  }

  @Test
  void severalCompletionsAreOneRow() {
    Dataset<Row> input = spark.sql("select * from values (1, 'x'), (2, 'y') as t(c0, c1)");
    Dataset<Row> output =
        spark.sql("select * from values (2, 0, 'p'), (2, 1, 'q') as t(id, sample, completion)");
    DoneRows done = DoneRows.ofOutput(new RowIdentity(1, 1, 0, 2), output);
    assertThat(texts(done.leaveOut(input))).containsExactly("[1,x]");
  }

  @Test
  void mapsAreComparedByTheirEntries() {
    Dataset<Row> input =
        spark.sql(
            "select * from values ('a', map('k', 1)), ('a', map('k', 1)), ('a', map('k', 2)),"
                + " ('a', null) as t(c0, c1)");
    Dataset<Row> output = output("('" + key("a") + "', map('k', 1)), ('" + key("a") + "', null)");
    DoneRows done = DoneRows.ofOutput(new RowIdentity(0, 1, 1, 1), output);
    assertThat(done.leaveOut(input).selectExpr("c1['k']").collectAsList())
        .extracting(row -> row.getInt(0))
        .containsExactlyInAnyOrder(1, 2);
    Dataset<Row> variants = spark.sql("select 'k' as key, parse_json('1') as json");
    assertThat(
            DoneRows.ofOutput(new RowIdentity(0, 1, 1, 1), variants)
                .leaveOut(spark.sql("select 'x' as c0, parse_json('1') as c1"))
                .count())
        .isEqualTo(1);
  }

  private static Dataset<Row> output(String rows) {
    return spark.sql("select * from values " + rows + " as t(key, category)");
  }

  private static String key(String text) {
    return RowKeys.text(RowKeys.derive(List.of(text)));
  }

  private static List<String> texts(Dataset<Row> rows) {
    return rows.select(functions.struct("*")).collectAsList().stream()
        .map(row -> row.getStruct(0).toString())
        .toList();
  }
}
