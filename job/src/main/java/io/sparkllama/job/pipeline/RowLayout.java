package io.sparkllama.job.pipeline;

import io.sparkllama.job.prompt.ColumnText;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * Knows where the columns of a prepared row stand: {@code [keys | prompt inputs | chosen | gold]}.
 *
 * @param keys number of the user's key columns, 0 for a derived key
 * @param inputs names of the columns that the task's templates use
 * @param chosen number of input columns that go to the output
 * @param gold whether a gold label stands last
 */
record RowLayout(int keys, List<String> inputs, int chosen, boolean gold) implements Serializable {
  RowLayout {
    inputs = List.copyOf(inputs);
  }

  /** Returns the texts that a derived or a user's key hashes; null for a null value. */
  List<String> keyTexts(Row row) {
    return keys == 0 ? inputTexts(row) : texts(row, 0, keys);
  }

  /** Returns the texts of {@link #inputs}, in their order; null for a null value. */
  List<String> inputTexts(Row row) {
    return texts(row, keys, inputs.size());
  }

  /** Returns the gold label's text, or null. */
  String goldText(Row row) {
    return gold ? ColumnText.of(row.get(keys + inputs.size() + chosen)) : null;
  }

  /** Appends the user's key values. */
  void copyKeys(Row row, List<Object> values) {
    copy(row, 0, keys, values);
  }

  /** Appends the values of the chosen columns. */
  void copyChosen(Row row, List<Object> values) {
    copy(row, keys + inputs.size(), chosen, values);
  }

  private static void copy(Row row, int from, int count, List<Object> values) {
    for (int i = from; i < from + count; i++) {
      values.add(row.get(i));
    }
  }

  private static List<String> texts(Row row, int from, int count) {
    List<String> texts = new ArrayList<>(count);
    for (int i = from; i < from + count; i++) {
      texts.add(ColumnText.of(row.get(i)));
    }
    return texts;
  }
}
