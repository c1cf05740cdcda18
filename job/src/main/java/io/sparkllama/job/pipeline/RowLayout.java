package io.sparkllama.job.pipeline;

import io.sparkllama.job.prompt.ColumnText;
import io.sparkllama.job.prompt.ColumnValue;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;

/**
 * Knows where the columns of a prepared row stand: {@code [keys | prompt inputs | chosen | gold |
 * prompt's key]}.
 *
 * @param keys number of the user's key columns, 0 for a derived key
 * @param inputs names of the columns that the task's prompts use
 * @param chosen number of input columns that go to the output
 * @param gold whether there is a gold label
 * @param promptKey whether there is a key that equal prompts share
 */
record RowLayout(int keys, List<String> inputs, int chosen, boolean gold, boolean promptKey)
    implements Serializable {
  RowLayout {
    inputs = List.copyOf(inputs);
  }

  /** Returns the texts that a derived or a user's key hashes; null for a null value. */
  List<String> keyTexts(Row row) {
    return keys == 0 ? promptTexts(row) : texts(row, 0, keys);
  }

  /** Returns the texts of the prompt's inputs; null for a null value. */
  List<String> promptTexts(Row row) {
    return texts(row, keys, inputs.size());
  }

  /** Tells whether two rows are known to have equal prompts. */
  boolean haveEqualPrompts(Row one, Row other) {
    int index = keys + inputs.size() + chosen + (gold ? 1 : 0);
    // Rows that an earlier run took may have none.
    return promptKey && !one.isNullAt(index) && one.get(index).equals(other.get(index));
  }

  private static List<String> texts(Row row, int from, int count) {
    List<String> texts = new ArrayList<>(count);
    for (int i = from; i < from + count; i++) {
      texts.add(ColumnValue.keyText(row.get(i)));
    }
    return texts;
  }

  /** Returns the values of {@link #inputs} by their names. */
  Map<String, Object> inputValues(Row row) {
    Map<String, Object> values = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      values.put(inputs.get(i), ColumnValue.of(row.get(keys + i)));
    }
    return values;
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
}
