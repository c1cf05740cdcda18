package io.sparkllama.job.planning;

import io.sparkllama.job.config.EqualPrompts;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Spreads prepared rows over partitions.
 *
 * <p>Where equal prompts are answered once, a row's partition is chosen by its prompt, so that
 * equal ones meet; within a partition they stand together, and long and short prompts in no order:
 * the engine's batches stay full when some rows of them are read while others are answered.
 * Otherwise rows keep the source's order, or are dealt out evenly.
 *
 * @param equalPrompts whether equal prompts are brought together
 * @param partitions 0 leaves their number to the source or, for equal prompts, to {@link #over},
 *     else to Spark; to {@link #anew} where rows have left the source's partitions
 */
public record RowSpread(EqualPrompts equalPrompts, int partitions) {
  /** Some minutes of work on one host, and files that are not too many. */
  private static final long ROWS_OF_A_PARTITION = 2_000;

  private static final int MOST_PARTITIONS = 10_000;

  /** Leaves rows as the source gives them. */
  public static RowSpread ofSource() {
    return new RowSpread(EqualPrompts.EACH, 0);
  }

  /** Tells whether prepared rows get a prompt's key and length as their last two columns. */
  public boolean keysPrompts() {
    return equalPrompts == EqualPrompts.ONCE;
  }

  /**
   * Returns the same spread with as many partitions as so many rows want, where their number is
   * open: at least one for each task that runs at once.
   *
   * @param parallelism tasks that the cluster runs at once
   */
  public RowSpread over(long rows, int parallelism) {
    return keysPrompts() ? anew(rows, parallelism) : this;
  }

  /** Returns the same for rows that are no longer in the source's partitions. */
  public RowSpread anew(long rows, int parallelism) {
    if (partitions != 0) {
      return this;
    }
    long wanted = (rows + ROWS_OF_A_PARTITION - 1) / ROWS_OF_A_PARTITION;
    return new RowSpread(
        equalPrompts, (int) Math.max(parallelism, Math.min(wanted, MOST_PARTITIONS)));
  }

  /**
   * Returns the rows that a file of work has at most, of so many rows in all: as few as give each
   * task that runs at once some. Partitions that rows are dealt out to are never quite even, and
   * are not cut for that.
   *
   * @param parallelism tasks that the cluster runs at once
   */
  public long rowsOfFile(long rows, int parallelism) {
    int parts = partitions == 0 ? parallelism : partitions;
    long even = Math.max(1, Math.min((rows + parts - 1) / parts, ROWS_OF_A_PARTITION));
    return partitions == 0 ? even : even + even / 2;
  }

  /** Returns the rows that the engine is asked for, of so many with so many distinct prompts. */
  public long asked(long rows, long distinctPrompts) {
    return keysPrompts() ? distinctPrompts : rows;
  }

  /**
   * Spreads rows; none is read yet.
   *
   * @param firstInput column at which those begin that a prompt is made of
   * @param inputs their number
   */
  public Dataset<Row> apply(Dataset<Row> rows, int firstInput, int inputs) {
    if (keysPrompts()) {
      return new PromptOrder(firstInput, inputs, partitions).apply(rows);
    }
    return partitions == 0 ? rows : rows.repartition(partitions);
  }
}
