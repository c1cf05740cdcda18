package io.sparkllama.job.planning;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.row_number;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;

/**
 * Leaves out rows that an output has. Rows of one identity are counted on both sides, so that of
 * five equal rows two remain where three are done.
 */
public final class DoneRows {
  private static final String DONE = "done";
  private static final String PLACE = "place";
  private static final String RANK = "rank";

  /** Begins the names of the columns that tell rows apart. */
  private static final String IDENTITY = "identity";

  private final RowIdentity identity;
  private final Dataset<Row> done; // [identity | number of rows], each identity once

  private DoneRows(RowIdentity identity, Dataset<Row> done) {
    this.identity = identity;
    this.done = done;
  }

  /**
   * Takes the rows of an output for done.
   *
   * @param output with the columns of this run's output
   * @throws InvalidConfigurationException where columns cannot be compared
   */
  public static DoneRows ofOutput(RowIdentity identity, Dataset<Row> output) {
    Dataset<Row> first = output.where(identity.isFirst(output));
    return new DoneRows(identity, counted(first, identity.ofOutput(first)));
  }

  private static Dataset<Row> counted(Dataset<Row> rows, List<Column> identity) {
    return comparing(
        () ->
            rows.select(array(named(identity)))
                .groupBy(array(names(identity.size())))
                .agg(count(lit(1)).as(DONE)));
  }

  /**
   * Returns the prepared rows that are not done, in any order; none is read yet.
   *
   * @throws InvalidConfigurationException where columns cannot be compared
   */
  public Dataset<Row> leaveOut(Dataset<Row> prepared) {
    return comparing(() -> left(prepared, columns(prepared)));
  }

  private static Dataset<Row> comparing(Supplier<Dataset<Row>> rows) {
    try {
      return rows.get();
    } catch (Exception wrong) {
      if (wrong instanceof AnalysisException) {
        throw new InvalidConfigurationException(
            "Rows cannot be compared by a column of output.columns, as a run that goes on does"
                + " where the key is derived; name input.key, or leave the column out: "
                + wrong.getMessage().lines().findFirst().orElse(""),
            wrong);
      }
      throw wrong;
    }
  }

  private Dataset<Row> left(Dataset<Row> prepared, List<Column> selected) {
    Dataset<Row> placed = identity.keyed(prepared).withColumn(PLACE, monotonically_increasing_id());
    List<Column> same = identity.ofKeyed(placed);
    Dataset<Row> ranked =
        placed.withColumn(RANK, row_number().over(Window.partitionBy(array(same)).orderBy(PLACE)));
    Column matches = lit(true);
    for (int i = 0; i < same.size(); i++) {
      matches = matches.and(same.get(i).eqNullSafe(col(IDENTITY + i)));
    }
    return ranked
        .join(done, matches, "left")
        .where(col(RANK).gt(coalesce(col(DONE), lit(0L))))
        .select(array(selected));
  }

  private static List<Column> names(int count) {
    List<Column> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      names.add(col(IDENTITY + i));
    }
    return names;
  }

  private static List<Column> named(List<Column> columns) {
    List<Column> named = new ArrayList<>();
    for (Column column : columns) {
      named.add(column.as(IDENTITY + named.size()));
    }
    return named;
  }

  private static List<Column> columns(Dataset<Row> rows) {
    return Arrays.stream(rows.columns()).map(name -> col(name)).toList();
  }

  private static Column[] array(List<Column> columns) {
    return columns.toArray(Column[]::new);
  }
}
