package io.sparkllama.job;

import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.DoneRows;
import io.sparkllama.job.planning.FirstRows;
import java.util.Optional;
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
   * Chooses; reads the rows where they must be counted or compared for that.
   *
   * @param total rows there are
   * @param taken by earlier runs, where there are any
   * @param limit of the rows that the run takes
   */
  static RowChoice of(PreparedRows all, long total, Optional<DoneRows> taken, OptionalLong limit) {
    if (taken.isPresent()) {
      return missing(all, taken.get(), limit);
    }
    long most = limit.orElse(total);
    if (most == 0) {
      return none(all, total);
    }
    return most >= total
        ? new RowChoice(all, total, total, true)
        : new RowChoice(all.with(new FirstRows(all.rows()).take(most)), most, total, false);
  }

  private static RowChoice missing(PreparedRows all, DoneRows taken, OptionalLong limit) {
    PreparedRows left = all.with(taken.leaveOut(all.rows()));
    long missing = taken.left(all.rows());
    long most = limit.orElse(missing);
    if (most == 0) {
      return none(all, missing);
    }
    if (most >= missing) {
      return new RowChoice(left, missing, missing, false);
    }
    PreparedRows first =
        all.with(taken.leaveOut(new FirstRows(all.rows()).takeMissing(taken, most)));
    return new RowChoice(first, most, missing, false);
  }

  private static RowChoice none(PreparedRows all, long missing) {
    return new RowChoice(all.with(all.rows().limit(0)), 0, missing, false);
  }

  /** Returns the walk with these rows spread over partitions. */
  PipelineSpecification spread(PipelineSpecification pipeline, int parallelism) {
    return ofSource ? pipeline.over(count, parallelism) : pipeline.anew(count, parallelism);
  }
}
