package io.sparkllama.job.source;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.prompt.ColumnText;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StringType;

/** Refuses keys that are null or stand at more than one row, in one pass over the key columns. */
final class KeyCheck {
  private final List<InputColumn> keyColumns;

  KeyCheck(List<InputColumn> keyColumns) {
    this.keyColumns = List.copyOf(keyColumns);
  }

  /** Returns the number of rows. */
  long count(Dataset<Row> rows) {
    List<Column> selected = new ArrayList<>();
    List<Column> keys = new ArrayList<>();
    Column anyNull = functions.lit(false);
    for (int i = 0; i < keyColumns.size(); i++) {
      selected.add(keyColumns.get(i).column().as("k" + i));
      Column key = functions.col("k" + i);
      keys.add(key);
      anyNull = anyNull.or(key.isNull());
    }
    Column[] keyArray = keys.toArray(Column[]::new);
    Column rowsOfKey = functions.col("rows_of_key");
    Column doubled = rowsOfKey.gt(1).and(anyNull.equalTo(false));
    Row found =
        rows.select(selected.toArray(Column[]::new))
            .groupBy(keyArray)
            .agg(functions.count(functions.lit(1)).as("rows_of_key"))
            .agg(
                functions.coalesce(functions.sum(rowsOfKey), functions.lit(0L)),
                functions.coalesce(
                    functions.sum(functions.when(anyNull, rowsOfKey)), functions.lit(0L)),
                functions.count_if(doubled),
                functions.coalesce(
                    functions.sum(functions.when(doubled, rowsOfKey)), functions.lit(0L)),
                functions.min(functions.when(doubled, functions.struct(keyArray))))
            .first();
    if (found.getLong(1) > 0) {
      throw new InvalidConfigurationException(
          "input.key must not be null: "
              + names()
              + " is null in "
              + found.getLong(1)
              + " of "
              + found.getLong(0)
              + " rows. Fill it, or leave input.key out to derive keys from the prompt's columns.");
    }
    if (found.getLong(2) > 0) {
      throw new InvalidConfigurationException(
          "input.key must differ from row to row: "
              + found.getLong(2)
              + " keys of "
              + names()
              + " stand at "
              + found.getLong(3)
              + " rows"
              + example(found.getStruct(4))
              + ". Name columns that identify a row, or leave input.key out to derive keys from the"
              + " prompt's columns.");
    }
    return found.getLong(0);
  }

  private String names() {
    return keyColumns.stream().map(InputColumn::name).collect(Collectors.joining(", "));
  }

  /**
   * Gives one of the keys, or nothing where texts are part of it: documents stay out of messages.
   */
  private String example(Row key) {
    if (keyColumns.stream().anyMatch(column -> column.type() instanceof StringType)) {
      return "";
    }
    List<String> values = new ArrayList<>();
    for (int i = 0; i < key.size(); i++) {
      values.add(ColumnText.of(key.get(i)));
    }
    return ", such as " + String.join(", ", values);
  }
}
