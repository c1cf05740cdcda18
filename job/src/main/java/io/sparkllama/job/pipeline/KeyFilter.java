package io.sparkllama.job.pipeline;

import io.sparkllama.job.prompt.RowKeys;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Finds prepared rows by the digits of their keys, as {@link RowKeys} derives them, also from the
 * user's key.
 *
 * @param keys 32 hexadecimal digits each
 */
public record KeyFilter(RowLayout layout, Set<String> keys) implements Serializable {
  public KeyFilter {
    keys = Set.copyOf(keys);
  }

  /** Returns the rows that have one of the keys; none is read yet. */
  public Dataset<Row> in(Dataset<Row> prepared) {
    return prepared.filter((FilterFunction<Row>) row -> keys.contains(key(row)));
  }

  /** Returns the rows that have none of the keys; none is read yet. */
  public Dataset<Row> outside(Dataset<Row> prepared) {
    return prepared.filter((FilterFunction<Row>) row -> !keys.contains(key(row)));
  }

  /** Returns the digits of a row's key. */
  public String key(Row row) {
    return RowKeys.text(RowKeys.derive(layout.keyTexts(row)));
  }

  /** Returns the key as the output has it: the user's columns as texts, or the digits. */
  public List<String> keyTexts(Row row) {
    return layout.keys() == 0 ? List.of(key(row)) : layout.keyTexts(row);
  }
}
