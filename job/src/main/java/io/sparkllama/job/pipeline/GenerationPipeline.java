package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.metrics.EngineGauge;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.source.InputColumn;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * Turns a Dataset of documents into a Dataset of answers: the one walk that every way into this job
 * takes.
 *
 * <p>Each row's answer depends on the row alone, so the result is the same for any partitioning.
 * Building the pipeline resolves every column; running it is one action over its result, since each
 * action runs the model again.
 */
public final class GenerationPipeline {
  private final EngineSource engine;
  private final PipelineSpecification specification;
  private final PartitionMeters meters;
  private final GateSource gates;

  /**
   * Makes a walk whose tasks use their executor's engine.
   *
   * @param counter registered with the SparkContext
   * @param gauge registered with it, too
   * @param gates that end tasks early
   * @param letters where rows go that the engine could not run
   */
  public GenerationPipeline(
      EngineSpecification engine,
      PipelineSpecification specification,
      GenerationCounter counter,
      EngineGauge gauge,
      GateSource gates,
      LetterBox letters) {
    this(new ExecutorEngineSource(engine), specification, counter, gauge, gates, letters);
  }

  GenerationPipeline(
      EngineSource engine,
      PipelineSpecification specification,
      GenerationCounter counter,
      EngineGauge gauge) {
    this(engine, specification, counter, gauge, GateSource.OPEN, LetterBox.CLOSED);
  }

  GenerationPipeline(
      EngineSource engine,
      PipelineSpecification specification,
      GenerationCounter counter,
      EngineGauge gauge,
      GateSource gates,
      LetterBox letters) {
    this.engine = engine;
    this.specification = specification;
    this.meters = new PartitionMeters(counter, gauge, letters);
    this.gates = gates;
  }

  /**
   * Builds the walk; no row is read yet.
   *
   * @param keys the user's key columns, none for a derived key
   * @throws InvalidConfigurationException where a column is missing or has no text
   */
  public Dataset<Row> apply(Dataset<Row> documents, List<InputColumn> keys) {
    return apply(PreparedRows.of(specification, documents, keys));
  }

  /** Builds the walk over all rows, or those of them that a run answers; none is read yet. */
  public Dataset<Row> apply(PreparedRows prepared) {
    return answers(prepared.with(prepared.spread(specification.spread())));
  }

  /** Builds the walk over rows that are spread already; none is read yet. */
  public Dataset<Row> answers(PreparedRows spread) {
    return spread
        .rows()
        .mapPartitions(
            new GeneratePartition(
                engine,
                new RowWalk(specification.task(), spread.layout(), specification.adapter()),
                specification.window(),
                meters,
                gates),
            Encoders.row(spread.output()));
  }

  /**
   * Resolves every column as {@link #apply} does, before a model is at hand.
   *
   * @throws InvalidConfigurationException where a column is missing or has no text
   */
  public static void check(
      PipelineSpecification specification, StructType schema, List<InputColumn> keys) {
    PreparedRows.columns(specification, schema, keys);
  }
}
