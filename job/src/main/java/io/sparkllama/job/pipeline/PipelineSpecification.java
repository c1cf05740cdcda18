package io.sparkllama.job.pipeline;

import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.prompt.ChatFormat;
import java.util.List;
import java.util.Optional;

/**
 * Says what the walk does with the rows.
 *
 * @param templateKeys keys of the job file that hold the task's templates, for messages
 * @param outputColumns input columns that go to the output
 * @param gold the column with the right label
 * @param window prompts that one task keeps in flight
 * @param spread of the rows over partitions; equal prompts may be brought together only where they
 *     have equal answers
 * @param adapter that rows choose of the engine's
 */
public record PipelineSpecification(
    RowTask task,
    String templateKeys,
    List<String> outputColumns,
    Optional<String> gold,
    int window,
    RowSpread spread,
    AdapterChoice adapter) {

  /** Says what the walk does with the rows, the model being as it is. */
  public PipelineSpecification(
      RowTask task,
      String templateKeys,
      List<String> outputColumns,
      Optional<String> gold,
      int window,
      RowSpread spread) {
    this(task, templateKeys, outputColumns, gold, window, spread, AdapterChoice.NONE);
  }

  /** Returns the same walk with conversations in a model's format. */
  public PipelineSpecification in(ChatFormat format) {
    return new PipelineSpecification(
        task.in(format), templateKeys, outputColumns, gold, window, spread, adapter);
  }

  /** Returns the same walk for so many rows; see {@link RowSpread#over}. */
  public PipelineSpecification over(long rows, int parallelism) {
    return new PipelineSpecification(
        task, templateKeys, outputColumns, gold, window, spread.over(rows, parallelism), adapter);
  }

  /** Returns the same walk for rows out of the source's partitions; see {@link RowSpread#anew}. */
  public PipelineSpecification anew(long rows, int parallelism) {
    return new PipelineSpecification(
        task, templateKeys, outputColumns, gold, window, spread.anew(rows, parallelism), adapter);
  }
}
