package io.sparkllama.job.screening;

import io.sparkllama.job.prompt.ColumnValue;
import io.sparkllama.job.prompt.RowKeys;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Adds to a prepared row two hashes of 32 hexadecimal digits, at the end: of its key columns, null
 * where one of them is null, and of the columns that its prompt is made of. Without key columns the
 * first is that of the prompt's, the row's derived key.
 *
 * @param keys number of key columns, which stand first
 * @param inputs number of the prompt's columns, which come next
 * @param broken index of the mark of a row that did not parse: it has no key
 */
record RowHashes(int keys, int inputs, int broken) implements MapFunction<Row, Row> {

  static StructType added(StructType schema) {
    return schema
        .add(TakenRows.KEY, DataTypes.StringType, true)
        .add(TakenRows.CONTENT, DataTypes.StringType, false);
  }

  @Override
  public Row call(Row row) {
    List<Object> values = new ArrayList<>(row.size() + 2);
    for (int i = 0; i < row.size(); i++) {
      values.add(row.get(i));
    }
    String content = hash(row, keys, inputs);
    values.add(key(row, content));
    values.add(content);
    return RowFactory.create(values.toArray());
  }

  private String key(Row row, String content) {
    if (row.getBoolean(broken)) {
      return null;
    }
    for (int i = 0; i < keys; i++) {
      if (row.isNullAt(i)) {
        return null;
      }
    }
    return keys == 0 ? content : hash(row, 0, keys);
  }

  private static String hash(Row row, int from, int count) {
    List<String> texts = new ArrayList<>(count);
    for (int i = from; i < from + count; i++) {
      texts.add(ColumnValue.keyText(row.get(i)));
    }
    return RowKeys.text(RowKeys.derive(texts));
  }
}
