package io.sparkllama.job.screening;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.planning.RowIdentity;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RowScreenTest {
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void rowsWithAKeyAreComparedByIt() {
    RowIdentity identity = new RowIdentity(1, 1, 1, 1);
    Dataset<Row> first =
        screen(identity, Optional.empty(), "(1,'a','x','f'), (2,'b','x','f'), (3,'c','x','f')");
    assertThat(fates(first)).containsExactlyInAnyOrder("1 a x taken", "2 b x taken", "3 c x taken");
    Dataset<Row> second =
        screen(
            identity,
            Optional.of(taken(first)),
            "(1,'a','x','g'), (1,'a','y','g'), (2,'B','x','g'), (2,'b','x','g'),"
                + " (4,'d','x','g'), (4,'d','x','h'), (5,'e','x','g'), (5,'E','x','h'),"
                + " (6,'f','x','g'), (6,'f','y','g'), (null,'n','x','g'), (null,'n','x','g')");
    assertThat(fates(second))
        .containsExactlyInAnyOrder(
            "1 a x known",
            "1 a y known", // the prompt's columns decide
            "2 B x changed",
            "2 b x known",
            "4 d x taken",
            "4 d x redelivered",
            "5 e x ambiguous-key",
            "5 E x ambiguous-key",
            "6 f x ambiguous-key",
            "6 f y ambiguous-key",
            "null n x null-key",
            "null n x null-key");
    RowCounts counts = RowCounts.of(second);
    assertThat(counts.all()).isEqualTo(12);
    assertThat(counts.of(RowFate.KNOWN)).isEqualTo(3);
    assertThat(counts.setAside())
        .isEqualTo(
            java.util.Map.of(RowFate.NULL_KEY, 2L, RowFate.AMBIGUOUS_KEY, 4L, RowFate.CHANGED, 1L));
  }

  @Test
  void rowsWithADerivedKeyAreCountedWithinTheirFile() {
    RowIdentity identity = new RowIdentity(0, 2, 1, 1);
    Dataset<Row> first =
        screen(identity, Optional.empty(), "(1,'a','x','f'), (1,'a','x','f'), (2,'b','x','f')");
    assertThat(fates(first)).allMatch(line -> line.endsWith(" taken")).hasSize(3);
    Dataset<Row> second =
        screen(
            identity,
            Optional.of(taken(first)),
            "(1,'a','x','f'), (1,'a','x','f'), (1,'a','x','f'), (2,'b','y','f'),"
                + " (2,'b','x','g'), (null,'n','x','f')");
    assertThat(fates(second))
        .containsExactlyInAnyOrder(
            "1 a x known",
            "1 a x known",
            "1 a x taken",
            "2 b y taken", // a column of the output differs
            "2 b x taken", // of another file
            "null n x taken");
  }

  @Test
  void inputsWithoutFilesAreCountedWhole() {
    RowIdentity identity = new RowIdentity(0, 2, 0, 1);
    Dataset<Row> first =
        screen(identity, Optional.empty(), "(1,'a','x',cast(null as string)), (2,'b','x',null)");
    assertThat(
            fates(
                screen(
                    identity,
                    Optional.of(taken(first)),
                    "(1,'a','x',cast(null as string))," + " (1,'a','x',null), (3,'c','x',null)")))
        .containsExactlyInAnyOrder("1 a x known", "1 a x taken", "3 c x taken");
  }

  @Test
  void recordsThatDoNotParseHaveNoKey() {
    Dataset<Row> marked =
        marked("(1,'a','x','f'), (1,'b','x','f')")
            .withColumn(RowMarks.BROKEN, functions.col("c1").equalTo("b"));
    for (int keys = 0; keys < 2; keys++) {
      Dataset<Row> screened =
          new RowScreen(new RowIdentity(keys, 2 - keys, 1, 1)).screen(marked, Optional.empty());
      assertThat(fates(screened)).containsExactlyInAnyOrder("1 a x taken", "1 b x unparsed");
    }
  }

  @Test
  void chosenColumnsOfAnyTypeAreCompared() {
    Dataset<Row> marked =
        spark.sql(
            "select c0, c1, c2, 'f' as "
                + RowMarks.FILE
                + ", false as "
                + RowMarks.BROKEN
                + " from values (1, 'a', map('k', X'00')), (1, 'a', map('k', X'00')),"
                + " (2, 'b', map('k', X'00')), (2, 'b', map('k', X'01')) as t(c0, c1, c2)");
    Dataset<Row> screened =
        new RowScreen(new RowIdentity(1, 1, 1, 1)).screen(marked, Optional.empty());
    assertThat(
            screened.select("c0", RowScreen.FATE).collectAsList().stream()
                .map(row -> row.getInt(0) + " " + row.getString(1)))
        .containsExactlyInAnyOrder(
            "1 taken", "1 redelivered", "2 ambiguous-key", "2 ambiguous-key");
  }

  private static Dataset<Row> screen(
      RowIdentity identity, Optional<Dataset<Row>> taken, String values) {
    return new RowScreen(identity).screen(marked(values), taken);
  }

  private static Dataset<Row> marked(String values) {
    return spark.sql(
        "select c0, c1, c2, file as "
            + RowMarks.FILE
            + ", false as "
            + RowMarks.BROKEN
            + " from values "
            + values
            + " as t(c0, c1, c2, file)");
  }

  /** Returns what an intake keeps of the rows that it takes. */
  private static Dataset<Row> taken(Dataset<Row> screened) {
    return screened
        .where(functions.col(RowScreen.FATE).equalTo(RowFate.TAKEN.text()))
        .select(TakenRows.names().stream().map(name -> functions.col(name)).toArray(Column[]::new));
  }

  private static List<String> fates(Dataset<Row> screened) {
    return screened.select("c0", "c1", "c2", RowScreen.FATE).collectAsList().stream()
        .map(row -> row.get(0) + " " + row.get(1) + " " + row.get(2) + " " + row.get(3))
        .toList();
  }
}
