package io.sparkllama.job.planning;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.shiftright;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;

/**
 * Leaves out the rows that an output has already. Rows of one identity are counted on both sides,
 * so that of five equal rows two remain where the output has three.
 */
public final class DoneRows {
  private static final String DONE = "done";
  private static final String PLACE = "place";
  private static final String RANK = "rank";

  /** Begins the names of the columns that tell rows apart. */
  private static final String IDENTITY = "identity";

  private final RowIdentity identity;
  private final Dataset<Row> output;

  /**
   * @param output what was written so far, with the columns of this run's output
   */
  public DoneRows(RowIdentity identity, Dataset<Row> output) {
    this.identity = identity;
    this.output = output;
  }

  /**
   * Counts the prepared rows that the output has not. Reads both once.
   *
   * @throws InvalidConfigurationException where the output has rows that these cannot have led to
   */
  public long left(Dataset<Row> prepared) {
    Dataset<Row> keyed = identity.keyed(prepared);
    List<Column> input = named(identity.ofKeyed(keyed));
    int columns = input.size();
    input.addAll(List.of(lit(1L).as("there"), lit(0L).as(DONE), lit(0L).as("torn")));
    List<Column> written = names(columns);
    Column torn = col("written").notEqual(col(DONE).multiply(identity.completions()));
    written.addAll(List.of(lit(0L), col(DONE), when(torn, 1L).otherwise(0L)));
    Column missing = col("there").minus(col(DONE));
    Row found =
        keyed
            .select(array(input))
            .union(done().select(array(written)))
            .groupBy(array(names(columns)))
            .agg(sum("there").as("there"), sum(DONE).as(DONE), sum("torn").as("torn"))
            .agg(
                coalesce(sum(greatest(missing, lit(0L))), lit(0L)),
                coalesce(sum(greatest(missing.multiply(-1), lit(0L))), lit(0L)),
                coalesce(sum("torn"), lit(0L)))
            .first();
    refuse(found.getLong(1), found.getLong(2));
    return found.getLong(0);
  }

  private static void refuse(long strange, long torn) {
    if (torn > 0) {
      throw new InvalidConfigurationException(
          "The output has rows with only some of their completions, which a run that was killed"
              + " while it committed can leave; take their keys out of the output, or write"
              + " somewhere else: "
              + torn
              + " keys");
    }
    if (strange > 0) {
      throw new InvalidConfigurationException(
          "The output has rows that the input has not, so it was made from another input, or"
              + " output.format changes values that it keeps; go on with the input that it was made"
              + " from, or write somewhere else: "
              + strange
              + " rows");
    }
  }

  /**
   * Returns the prepared rows that the output has not, in any order; none is read yet.
   *
   * @throws InvalidConfigurationException where columns cannot be compared
   */
  public Dataset<Row> leaveOut(Dataset<Row> prepared) {
    try {
      return left(prepared, columns(prepared));
    } catch (Exception wrong) {
      if (wrong instanceof AnalysisException) {
        throw new InvalidConfigurationException(
            "Rows cannot be compared by a column of output.columns, as output.mode = resume does"
                + " where the key is derived; name input.key, or leave the column out: "
                + wrong.getMessage().lines().findFirst().orElse(""),
            wrong);
      }
      throw wrong;
    }
  }

  /**
   * Returns the place of the last of so many prepared rows that the output has not, in the order of
   * their places.
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
    throw new IllegalStateException("The output has more of the input's rows than were counted.");
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
        .join(done(), matches, "left")
        .where(col(RANK).gt(coalesce(col(DONE), lit(0L))))
        .select(array(selected));
  }

  /** Returns each identity of the output once, with its rows there and those that begin a row. */
  private Dataset<Row> done() {
    List<Column> written = named(identity.ofOutput(output));
    Column[] groups = array(names(written.size()));
    written.add(identity.isFirst(output).as("first"));
    return output
        .select(array(written))
        .groupBy(groups)
        .agg(count_if(col("first")).as(DONE), count(lit(1)).as("written"));
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
