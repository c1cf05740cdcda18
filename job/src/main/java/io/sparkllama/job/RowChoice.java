package io.sparkllama.job;

import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.FirstRows;
import io.sparkllama.job.screening.ScreenedRows;
import io.sparkllama.job.screening.TakenRows;
import java.util.OptionalLong;

/**
 * Is which rows a run answers: those that no run has taken, and of these the first so many.
 *
 * @param count of them
 * @param missing rows that no run has taken, before this one
 * @param ofSource whether they lie in the source's partitions, all of them
 */
record RowChoice(PreparedRows rows, long count, long missing, boolean ofSource) {

  /**
   * Chooses; counts the rows' partitions where not all are wanted.
   *
   * @param total rows there are
   * @param limit of the rows that the run takes
   */
  static RowChoice of(PreparedRows all, long total, OptionalLong limit) {
    long most = limit.orElse(total);
    if (most == 0) {
      return none(all, total);
    }
    return most >= total
        ? new RowChoice(all, total, total, true)
        : new RowChoice(all.with(new FirstRows(all.rows()).take(most)), most, total, false);
  }

  private static RowChoice none(PreparedRows all, long missing) {
    return new RowChoice(all.with(all.rows().limit(0)), 0, missing, false);
  }

  /** Chooses among rows that were screened. */
  static RowChoice of(ScreenedRows rows, OptionalLong limit) {
    long total = rows.count();
    if (limit.orElse(total) >= total) {
      return new RowChoice(rows.toTake(), total, total, false);
    }
    long count = Math.min(limit.getAsLong(), ScreenedRows.MOST_OF_ALL); // another run takes more
    return new RowChoice(rows.toTake(count), count, total, false);
  }

  /** Returns the rows without what only an intake keeps of them. */
  PreparedRows plain() {
    return rows.with(rows.rows().drop(TakenRows.COLUMNS.fieldNames()));
  }

  /** Returns the walk with these rows spread over partitions. */
  PipelineSpecification spread(PipelineSpecification pipeline, int parallelism) {
    return ofSource ? pipeline.over(count, parallelism) : pipeline.anew(count, parallelism);
  }
}
