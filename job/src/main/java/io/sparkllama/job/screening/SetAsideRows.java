package io.sparkllama.job.screening;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.when;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;

/**
 * Lists the rows that an intake sets aside, as JSON with the columns class, message, file and key:
 * what is needed to find them, and nothing else of what they say.
 */
final class SetAsideRows {
  /** A longer key is a text of its own, and stands here as its hash. */
  private static final int LONGEST_KEY = 200;

  private final Dataset<Row> screened;
  private final int keys;

  /**
   * @param screened as {@link RowScreen} gives it
   * @param keys number of the user's key columns, which stand first
   */
  SetAsideRows(Dataset<Row> screened, int keys) {
    this.screened = screened;
    this.keys = keys;
  }

  /** Writes the list to a folder, in place of what is there. */
  void write(String folder) {
    List<RowFate> setAside = Arrays.stream(RowFate.values()).filter(RowFate::isSetAside).toList();
    Column message = lit("");
    for (RowFate fate : setAside) {
      message = when(col(RowScreen.FATE).equalTo(fate.text()), fate.message()).otherwise(message);
    }
    screened
        .where(col(RowScreen.FATE).isin(setAside.stream().map(RowFate::text).toArray()))
        .select(
            col(RowScreen.FATE).as("class"),
            message.as("message"),
            col(TakenRows.FILE).as("file"),
            key().as("key"))
        .coalesce(1)
        .write()
        .mode(SaveMode.Overwrite)
        .json(folder);
  }

  /** A record that did not parse may have parts of itself where its key should be. */
  private Column key() {
    Column[] texts =
        IntStream.range(0, keys)
            .mapToObj(i -> keyText(screened.columns()[i]))
            .toArray(Column[]::new);
    Column parsed = col(RowScreen.FATE).notEqual(RowFate.UNPARSED.text());
    return keys == 0 ? lit(null).cast("array<string>") : when(parsed, array(texts));
  }

  private static Column keyText(String name) {
    Column text = col(name).cast("string");
    return when(length(text).gt(LONGEST_KEY), concat(lit("sha256:"), sha2(text, 256)))
        .otherwise(text);
  }
}
