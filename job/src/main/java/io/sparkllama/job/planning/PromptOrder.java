package io.sparkllama.job.planning;

import io.sparkllama.job.prompt.ColumnValue;
import io.sparkllama.job.prompt.RowKeys;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Brings rows of equal prompts into one partition, side by side, in the order of a hash. Adds two
 * columns at the end: the prompt's key (32 hexadecimal digits, as {@link RowKeys} derives it) and
 * its length (characters of its columns).
 *
 * @param partitions 0 leaves their number to Spark
 */
record PromptOrder(int firstInput, int inputs, int partitions) implements MapFunction<Row, Row> {
  static final String KEY = "prompt_key";
  static final String LENGTH = "prompt_length";

  Dataset<Row> apply(Dataset<Row> rows) {
    Dataset<Row> keyed = keyed(rows);
    Dataset<Row> together =
        partitions == 0
            ? keyed.repartition(functions.col(KEY))
            : keyed.repartition(partitions, functions.col(KEY));
    return together.sortWithinPartitions(functions.col(KEY));
  }

  /** Adds the two columns, and leaves the rows where they are. */
  Dataset<Row> keyed(Dataset<Row> rows) {
    StructType keyed =
        rows.schema().add(KEY, DataTypes.StringType, false).add(LENGTH, DataTypes.LongType, false);
    return rows.map(this, Encoders.row(keyed));
  }

  @Override
  public Row call(Row row) {
    List<Object> values = new ArrayList<>(row.size() + 2);
    for (int i = 0; i < row.size(); i++) {
      values.add(row.get(i));
    }
    List<String> texts = new ArrayList<>(inputs);
    long length = 0;
    for (int i = firstInput; i < firstInput + inputs; i++) {
      String text = ColumnValue.keyText(row.get(i));
      texts.add(text);
      length += text == null ? 0 : text.length();
    }
    values.add(RowKeys.text(RowKeys.derive(texts)));
    values.add(length);
    return RowFactory.create(values.toArray());
  }
}
