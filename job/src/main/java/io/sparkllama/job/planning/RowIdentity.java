package io.sparkllama.job.planning;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.RowOrdering;
import org.apache.spark.sql.functions;

/**
 * Knows the columns that tell a row from others, among prepared rows and in an output: the user's
 * key; or the derived key together with the input columns that go to the output, since rows of one
 * derived key may still differ in these.
 *
 * @param keys number of the user's key columns, 0 for a derived key
 * @param inputs number of columns that the prompt is made of
 * @param chosen number of input columns that go to the output
 * @param completions rows of the output for a row of the input; above 1, the column after the key
 *     holds their index
 */
public record RowIdentity(int keys, int inputs, int chosen, int completions) {

  /** Adds to prepared rows what their identity needs, at the end. */
  Dataset<Row> keyed(Dataset<Row> prepared) {
    return keys > 0 ? prepared : new PromptOrder(0, inputs, 1).keyed(prepared);
  }

  /** Returns the identity of keyed rows. */
  List<Column> ofKeyed(Dataset<Row> keyed) {
    if (keys > 0) {
      return columns(keyed, 0, keys);
    }
    List<Column> identity = new ArrayList<>(List.of(functions.col(PromptOrder.KEY)));
    identity.addAll(comparable(keyed, inputs));
    return identity;
  }

  /** Returns the identity of an output's rows. */
  List<Column> ofOutput(Dataset<Row> output) {
    if (keys > 0) {
      return columns(output, 0, keys);
    }
    List<Column> identity = columns(output, 0, 1);
    identity.addAll(comparable(output, completions > 1 ? 2 : 1));
    return identity;
  }

  /** Tells of an output's row whether it is the first one of its row of the input. */
  Column isFirst(Dataset<Row> output) {
    return completions > 1
        ? columns(output, Math.max(1, keys), 1).get(0).equalTo(0)
        : functions.lit(true);
  }

  /** Returns the chosen columns; those that Spark cannot compare, such as maps, as their JSON. */
  private List<Column> comparable(Dataset<Row> rows, int from) {
    List<Column> columns = columns(rows, from, chosen);
    for (int i = 0; i < chosen; i++) {
      if (!RowOrdering.isOrderable(rows.schema().fields()[from + i].dataType())) {
        Column field = functions.struct(columns.get(i).as("value"));
        columns.set(i, functions.to_json(field, Map.of("timeZone", "UTC")));
      }
    }
    return columns;
  }

  private static List<Column> columns(Dataset<Row> rows, int from, int count) {
    List<Column> columns = new ArrayList<>();
    for (int i = from; i < from + count; i++) {
      columns.add(functions.col("`" + rows.columns()[i].replace("`", "``") + "`"));
    }
    return columns;
  }
}
