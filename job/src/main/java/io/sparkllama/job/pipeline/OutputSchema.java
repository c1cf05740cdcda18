package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Puts the output's columns together: key, sample, chosen input columns, completion, typed columns.
 */
final class OutputSchema {
  /** The column of a derived key. */
  static final String KEY = "key";

  /** The column that tells a row's completions apart, where it has several. */
  static final String SAMPLE = "sample";

  private static final StructType ERROR =
      new StructType()
          .add("class", DataTypes.StringType, false)
          .add("message", DataTypes.StringType, false);

  static final StructType COMPLETION =
      new StructType()
          .add("text", DataTypes.StringType, true)
          .add("finish_reason", DataTypes.StringType, false)
          .add("prompt_tokens", DataTypes.IntegerType, false)
          .add("completion_tokens", DataTypes.IntegerType, false)
          .add("log_probability", DataTypes.DoubleType, true)
          .add("error", ERROR, true);

  private OutputSchema() {}

  /**
   * Joins the columns.
   *
   * @param keys none for a derived key
   * @param chosen input columns, keys not among them
   * @throws InvalidConfigurationException where two columns would have one name
   */
  static StructType of(List<StructField> keys, List<StructField> chosen, RowTask task) {
    List<StructField> fields = new ArrayList<>(keys);
    if (keys.isEmpty()) {
      fields.add(DataTypes.createStructField(KEY, DataTypes.StringType, false));
    }
    if (task.completions() > 1) {
      fields.add(DataTypes.createStructField(SAMPLE, DataTypes.IntegerType, false));
    }
    fields.addAll(chosen);
    fields.add(DataTypes.createStructField("completion", COMPLETION, false));
    fields.addAll(task.typedFields());
    Set<String> names = new HashSet<>();
    for (StructField field : fields) {
      if (!names.add(field.name().toLowerCase(Locale.ROOT))) {
        throw new InvalidConfigurationException(
            "Two columns of the output would have one name; rename the input's column, or leave it"
                + " out of output.columns: "
                + field.name());
      }
    }
    return new StructType(fields.toArray(StructField[]::new));
  }
}
