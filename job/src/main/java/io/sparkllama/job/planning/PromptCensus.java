package io.sparkllama.job.planning;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;

import java.util.Locale;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Counts the prompts of a job, and chooses a sample of them.
 *
 * <p>Exact, by one shuffle of the prompts' keys alone: a job that answers equal prompts once
 * shuffles its whole rows by them anyway.
 *
 * @param prompts distinct ones
 * @param length characters of the prompts' columns, of all rows
 * @param promptLength the same, of distinct prompts
 */
public record PromptCensus(long rows, long prompts, long length, long promptLength) {

  /**
   * Returns prepared rows with their prompts' keys and lengths as the last two columns, which this
   * class reads; none is read yet.
   *
   * @param firstInput column at which those begin that a prompt is made of
   * @param inputs their number
   */
  public static Dataset<Row> keyed(Dataset<Row> rows, int firstInput, int inputs) {
    return new PromptOrder(firstInput, inputs, 1).keyed(rows);
  }

  /** Counts keyed rows, in one action. */
  public static PromptCensus of(Dataset<Row> keyed) {
    Column repeats = col("repeats");
    Column length = col("length");
    Row counted =
        keyed
            .groupBy(col(PromptOrder.KEY))
            .agg(count(lit(1)).as("repeats"), max(col(PromptOrder.LENGTH)).as("length"))
            .agg(
                coalesce(sum(repeats), lit(0L)),
                count(lit(1)),
                coalesce(sum(repeats.multiply(length)), lit(0L)),
                coalesce(sum(length), lit(0L)))
            .first();
    return new PromptCensus(
        counted.getLong(0), counted.getLong(1), counted.getLong(2), counted.getLong(3));
  }

  /**
   * Returns about so many of the distinct prompts, or all where there are no more, in one
   * partition: those with the least keys. A key is a hash, so that they are a uniform sample in a
   * random order, and the same ones each time.
   */
  public Dataset<Row> sample(Dataset<Row> keyed, int wanted) {
    Column key = col(PromptOrder.KEY);
    Dataset<Row> rows = prompts <= wanted ? keyed : keyed.filter(key.lt(bound(wanted)));
    return rows.dropDuplicates(PromptOrder.KEY).coalesce(1).sortWithinPartitions(key);
  }

  /** Returns the hexadecimal digits below which that share of all keys lies. */
  private String bound(int wanted) {
    return String.format(Locale.ROOT, "%012x", (long) ((double) wanted / prompts * (1L << 48)));
  }

  /** Returns the characters of a keyed row's prompt columns. */
  public static long lengthOf(Row keyed) {
    return keyed.getLong(keyed.size() - 1);
  }
}
