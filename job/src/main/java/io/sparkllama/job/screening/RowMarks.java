package io.sparkllama.job.screening;

import java.util.List;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Names the columns that say of a row where it comes from, and whether it parsed. */
final class RowMarks {
  /** Is the path of its file; null where the input has none. */
  static final String FILE = "_sparkllama_file";

  /** Is true where the file's format says that the record is none. */
  static final String BROKEN = "_sparkllama_broken";

  private RowMarks() {}

  static List<String> names() {
    return List.of(FILE, BROKEN);
  }

  static StructType added(StructType schema) {
    return schema.add(FILE, DataTypes.StringType, true).add(BROKEN, DataTypes.BooleanType, false);
  }
}
