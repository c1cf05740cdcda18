package io.sparkllama.job;

import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.DoneRows;
import io.sparkllama.job.planning.FirstRows;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Is which rows a run answers: those that the output has not, and of these the first so many.
 *
 * @param count of them
 * @param missing rows that the output has not, before the run
 * @param ofSource whether they lie in the source's partitions, all of them
 */
record RowChoice(PreparedRows rows, long count, long missing, boolean ofSource) {

  /**
   * Chooses; reads the rows where they must be counted or compared for that.
   *
   * @param total rows there are
   * @param done what the output has, where it has any
   * @param limit of the rows that the run answers
   */
  static RowChoice of(PreparedRows all, long total, Optional<DoneRows> done, OptionalLong limit) {
    if (done.isPresent()) {
      return missing(all, done.get(), limit);
    }
    long most = limit.orElse(total);
    return most >= total
        ? new RowChoice(all, total, total, true)
        : new RowChoice(all.with(new FirstRows(all.rows()).take(most)), most, total, false);
  }

  private static RowChoice missing(PreparedRows all, DoneRows done, OptionalLong limit) {
    PreparedRows left = all.with(done.leaveOut(all.rows()));
    long missing = done.left(all.rows());
    long most = limit.orElse(missing);
    if (most >= missing) {
      return new RowChoice(left, missing, missing, false);
    }
    PreparedRows first = all.with(done.leaveOut(new FirstRows(all.rows()).takeMissing(done, most)));
    return new RowChoice(first, most, missing, false);
  }

  /** Returns the walk with these rows spread over partitions. */
  PipelineSpecification spread(PipelineSpecification pipeline, int parallelism) {
    return ofSource ? pipeline.over(count, parallelism) : pipeline.anew(count, parallelism);
  }
}
