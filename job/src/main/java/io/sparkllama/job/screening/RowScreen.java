package io.sparkllama.job.screening;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;

import io.sparkllama.job.planning.RowIdentity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;

/**
 * Says of each row of the input what becomes of it.
 *
 * <p>Rows with a key of the user's are compared by it: equal rows count once; of rows with one key
 * and other contents none is taken, since nobody can know which is meant. Rows with a derived key
 * are compared within their file, where it is read a second time, and counted: of five equal rows
 * two are taken where three were before. Equal rows of other files are rows of their own.
 */
final class RowScreen {
  /** Is what becomes of the row. */
  static final String FATE = "row_fate";

  /** Rises in the source's order. */
  static final String PLACE = "row_place";

  /** Is the key, or what no other row has. */
  private static final String GROUP = "row_group";

  /** Is a hash of the columns that go to the output as they are. */
  private static final String REST = "row_rest";

  /** Begins the names of what is known of rows that were taken. */
  private static final String BEFORE = "before_";

  private final RowIdentity identity;

  /**
   * @param identity of prepared rows
   */
  RowScreen(RowIdentity identity) {
    this.identity = identity;
  }

  /**
   * Adds {@link TakenRows}, {@link #FATE} and {@link #PLACE} to prepared rows; none is read yet.
   *
   * @param marked prepared rows, with their {@link RowMarks} at the end
   * @param taken {@link TakenRows} of earlier intakes, where there are any
   */
  Dataset<Row> screen(Dataset<Row> marked, Optional<Dataset<Row>> taken) {
    List<String> columns = Arrays.asList(marked.columns());
    RowHashes hashes =
        new RowHashes(identity.keys(), identity.inputs(), columns.indexOf(RowMarks.BROKEN));
    Dataset<Row> hashed =
        marked
            .map(hashes, Encoders.row(RowHashes.added(marked.schema())))
            .withColumn(PLACE, monotonically_increasing_id())
            .withColumn(REST, rest(columns))
            .withColumn(GROUP, coalesce(col(TakenRows.KEY), col(PLACE).cast("string")))
            .withColumnRenamed(RowMarks.FILE, TakenRows.FILE);
    Dataset<Row> screened =
        identity.keys() > 0
            ? byKey(hashed, taken)
            : byFile(hashed.withColumn(TakenRows.CONTENT, col(REST)), taken);
    Stream<String> prepared = columns.stream().filter(name -> !RowMarks.names().contains(name));
    Stream<String> added = Stream.concat(TakenRows.names().stream(), Stream.of(FATE, PLACE));
    return screened.select(
        Stream.concat(prepared, added).map(name -> col(name)).toArray(Column[]::new));
  }

  /** Maps have no order and bytes no text: JSON has both. */
  private Column rest(List<String> columns) {
    int from = identity.keys() + identity.inputs();
    Column[] chosen =
        columns.subList(from, from + identity.chosen()).stream()
            .map(name -> col(name))
            .toArray(Column[]::new);
    return chosen.length == 0
        ? lit("")
        : sha2(to_json(struct(chosen), Map.of("timeZone", "UTC")), 256);
  }

  private static Dataset<Row> byKey(Dataset<Row> hashed, Optional<Dataset<Row>> taken) {
    String before = BEFORE + TakenRows.CONTENT;
    Dataset<Row> compared = hashed.withColumn(before, lit(null).cast("string"));
    if (taken.isPresent()) {
      Dataset<Row> contents =
          taken
              .get()
              .groupBy(col(TakenRows.KEY).as(BEFORE + TakenRows.KEY))
              .agg(min(TakenRows.CONTENT).as(before));
      compared = hashed.join(contents, col(GROUP).equalTo(col(BEFORE + TakenRows.KEY)), "left");
    }
    WindowSpec group = Window.partitionBy(GROUP);
    Column whole = concat(col(TakenRows.CONTENT), col(REST));
    return compared.withColumn(
        FATE,
        when(col(RowMarks.BROKEN), text(RowFate.UNPARSED))
            .when(col(TakenRows.KEY).isNull(), text(RowFate.NULL_KEY))
            .when(col(before).equalTo(col(TakenRows.CONTENT)), text(RowFate.KNOWN))
            .when(col(before).isNotNull(), text(RowFate.CHANGED))
            .when(
                min(whole).over(group).notEqual(max(whole).over(group)),
                text(RowFate.AMBIGUOUS_KEY))
            .when(row_number().over(group.orderBy(PLACE)).gt(1), text(RowFate.REDELIVERED))
            .otherwise(text(RowFate.TAKEN)));
  }

  private static Dataset<Row> byFile(Dataset<Row> hashed, Optional<Dataset<Row>> taken) {
    Column unparsed = when(col(RowMarks.BROKEN), text(RowFate.UNPARSED));
    if (taken.isEmpty()) {
      return hashed.withColumn(FATE, unparsed.otherwise(text(RowFate.TAKEN)));
    }
    String before = BEFORE + "rows";
    List<Column> names = new ArrayList<>();
    Column same = lit(true);
    for (String name : TakenRows.names()) {
      names.add(col(name).as(BEFORE + name));
      same = same.and(col(name).eqNullSafe(col(BEFORE + name)));
    }
    Dataset<Row> counted =
        taken.get().groupBy(names.toArray(Column[]::new)).agg(count(lit(1)).as(before));
    WindowSpec equal = Window.partitionBy(TakenRows.FILE, GROUP, TakenRows.CONTENT).orderBy(PLACE);
    return hashed
        .join(counted, same, "left")
        .withColumn(
            FATE,
            unparsed
                .when(
                    row_number().over(equal).leq(coalesce(col(before), lit(0L))),
                    text(RowFate.KNOWN))
                .otherwise(text(RowFate.TAKEN)));
  }

  private static Column text(RowFate fate) {
    return lit(fate.text());
  }
}
