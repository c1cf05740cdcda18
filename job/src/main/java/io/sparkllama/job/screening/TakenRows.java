package io.sparkllama.job.screening;

import java.util.List;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Names the columns that an intake keeps of each row that it takes, beside what the walk reads. */
public final class TakenRows {
  /** Is the hash of the row's key. */
  static final String KEY = "row_key";

  /** Is the hash of what else makes the row what it is. */
  static final String CONTENT = "row_content";

  /** Is the path of the row's file; null where the input has none. */
  static final String FILE = "row_file";

  /** Is what an intake reads of the rows that earlier ones have taken. */
  public static final StructType COLUMNS =
      new StructType()
          .add(KEY, DataTypes.StringType, true)
          .add(CONTENT, DataTypes.StringType, true)
          .add(FILE, DataTypes.StringType, true);

  private TakenRows() {}

  static List<String> names() {
    return List.of(COLUMNS.fieldNames());
  }
}
