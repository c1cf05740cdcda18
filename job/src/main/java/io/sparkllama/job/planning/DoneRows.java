package io.sparkllama.job.planning;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.shiftright;
import static org.apache.spark.sql.functions.sum;

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
 * Leaves out rows that are done: that an output has, or that were taken before. Rows of one
 * identity are counted on both sides, so that of five equal rows two remain where three are done.
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

  /**
   * Takes rows for done that were prepared, but not answered perhaps.
   *
   * @param rows with the columns of this run's prepared rows
   * @throws InvalidConfigurationException where columns cannot be compared
   */
  public static DoneRows ofPrepared(RowIdentity identity, Dataset<Row> rows) {
    Dataset<Row> keyed = identity.keyed(rows);
    return new DoneRows(identity, counted(keyed, identity.ofKeyed(keyed)));
  }

  private static Dataset<Row> counted(Dataset<Row> rows, List<Column> identity) {
    return comparing(
        () ->
            rows.select(array(named(identity)))
                .groupBy(array(names(identity.size())))
                .agg(count(lit(1)).as(DONE)));
  }

  /** Counts the prepared rows that are not done. Reads both once. */
  public long left(Dataset<Row> prepared) {
    Dataset<Row> keyed = identity.keyed(prepared);
    List<Column> input = named(identity.ofKeyed(keyed));
    int columns = input.size();
    input.addAll(List.of(lit(1L).as("there"), lit(0L).as(DONE)));
    List<Column> written = names(columns);
    written.addAll(List.of(lit(0L), col(DONE)));
    return keyed
        .select(array(input))
        .union(done.select(array(written)))
        .groupBy(array(names(columns)))
        .agg(sum("there").as("there"), sum(DONE).as(DONE))
        .agg(coalesce(sum(greatest(col("there").minus(col(DONE)), lit(0L))), lit(0L)))
        .first()
        .getLong(0);
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

  /**
   * Returns the place of the last of so many prepared rows that are not done, in the order of their
   * places.
   *
   * @param prepared gives the same rows in the same partitions each time
   * @param wanted at least 1, and no more than there are
   */
  RowPlace place(Dataset<Row> prepared, long wanted) {
    Dataset<Row> places = left(prepared, List.of(col(PLACE)));
    Column partition = shiftright(col(PLACE), RowPlace.INDEX_BITS);
    long before = 0;
    for (Row counted :
        places.groupBy(partition.as("partition")).count().orderBy("partition").collectAsList()) {
      if (before + counted.getLong(1) >= wanted) {
        Row last =
            places
                .where(partition.equalTo(counted.getLong(0)))
                .sort(PLACE)
                .limit(Math.toIntExact(wanted - before))
                .agg(max(PLACE))
                .head();
        return RowPlace.of(last.getLong(0));
      }
      before += counted.getLong(1);
    }
    throw new IllegalStateException("More of the input's rows are done than were counted.");
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
