package io.sparkllama.job.pipeline;

import io.sparkllama.job.planning.PromptCensus;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.prediction.JobPrediction;
import io.sparkllama.job.prediction.TrialReport;
import io.sparkllama.job.source.InputColumn;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;

/**
 * Predicts what {@link GenerationPipeline} will take: counts its prompts, and has an executor's own
 * engine answer a sample of them in one task. Nothing is written.
 */
public final class GenerationTrial {
  private final EngineSource engine;
  private final PipelineSpecification specification;
  private final TrialLimits limits;

  public GenerationTrial(
      EngineSpecification engine, PipelineSpecification specification, TrialLimits limits) {
    this(new ExecutorEngineSource(engine), specification, limits);
  }

  GenerationTrial(EngineSource engine, PipelineSpecification specification, TrialLimits limits) {
    this.engine = engine;
    this.specification = specification;
    this.limits = limits;
  }

  Optional<JobPrediction> predict(Dataset<Row> documents, List<InputColumn> keys, long least) {
    return predict(PreparedRows.of(specification, documents, keys), least);
  }

  /**
   * Reads the rows, and again for the trial.
   *
   * @param least rows that the engine must be asked for, per executor, else there is no trial and
   *     no prediction
   */
  public Optional<JobPrediction> predict(PreparedRows prepared, long least) {
    RowLayout layout = prepared.layout();
    Dataset<Row> keyed = PromptCensus.keyed(prepared.rows(), layout.keys(), layout.inputs().size());
    PromptCensus census = PromptCensus.of(keyed);
    long asked = specification.spread().asked(census.rows(), census.prompts());
    RowWalk walk = new RowWalk(specification.task(), layout, specification.adapter());
    // One executor tries while the others wait: it must cost little of what all of them have.
    return asked < least * executors(keyed.sparkSession().sparkContext())
        ? Optional.empty()
        : Optional.of(predict(census, asked, keyed, walk));
  }

  private JobPrediction predict(PromptCensus census, long asked, Dataset<Row> keyed, RowWalk walk) {
    long start = System.nanoTime();
    List<TrialReport> reports =
        census
            .sample(keyed, limits.prompts())
            .mapPartitions(
                new TrialPartition(engine, walk, limits),
                Encoders.javaSerialization(TrialReport.class))
            .collectAsList();
    double seconds = (System.nanoTime() - start) / 1e9;
    TrialReport report = reports.isEmpty() ? TrialReport.EMPTY : reports.get(0);
    // Reading, spreading and the engine's opening cost the job about as much again.
    double overhead = Math.max(0, seconds - report.seconds());
    return JobPrediction.of(
            census, asked, report, executors(keyed.sparkSession().sparkContext()), overhead)
        .withCompletions(specification.task().completions());
  }

  /**
   * Returns the executors there are, and that rows are spread to: of a cluster all but the driver,
   * which runs no task.
   */
  private int executors(SparkContext spark) {
    int all = spark.isLocal() ? 1 : spark.statusTracker().getExecutorInfos().length - 1;
    int partitions = specification.spread().partitions();
    return Math.max(1, partitions == 0 ? all : Math.min(all, partitions));
  }
}
