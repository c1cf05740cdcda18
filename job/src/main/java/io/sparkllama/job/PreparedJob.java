package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.admission.Admission;
import io.sparkllama.job.pipeline.GenerationPipeline;
import io.sparkllama.job.pipeline.GenerationTrial;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.TrialLimits;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.plugin.ExecutorCores;
import io.sparkllama.job.plugin.PreparedModel;
import io.sparkllama.job.prediction.JobPrediction;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.source.DocumentSource;
import io.sparkllama.job.source.InputColumn;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Is a job in which everything has been checked that can be without asking the model: what to run,
 * or to plan.
 *
 * @param pipeline with conversations in their format, spread for the rows there are
 */
record PreparedJob(
    Dataset<Row> documents,
    List<InputColumn> keys,
    EngineSpecification engine,
    PipelineSpecification pipeline,
    long rows) {

  /**
   * Checks a job. What costs seconds is refused before what may cost hours: the model is fetched
   * when columns and output are known to be right, while Spark runs already, since a cluster waits
   * for its driver only so long.
   *
   * @throws InvalidConfigurationException names the key and the remedy
   */
  static PreparedJob of(JobConfig config, SparkSession spark) throws IOException {
    new ResultSink(config.sink())
        .check(spark.sparkContext().hadoopConfiguration(), config.source().paths());
    DocumentSource source = new DocumentSource(config.source());
    Dataset<Row> documents = source.open(spark);
    List<InputColumn> keys = source.keyColumns(documents.schema());
    GenerationPipeline.check(config.pipeline(), documents.schema(), keys);
    PreparedModel model =
        PreparedModel.of(
            config.modelPath(),
            config.modelSha256(),
            config.modelCacheDirectory(),
            config.engine(),
            spark.sparkContext().getConf());
    ModelFile file = ModelFile.open(model.local().path());
    PipelineSpecification pipeline =
        new ModelFormat(file, config.chatTemplate()).apply(config.pipeline());
    new ModelCheck(file, config.engine()).check(pipeline.task());
    SparkConf conf = spark.sparkContext().getConf();
    Admission.onDriver(conf)
        .check(file.memory(model.specification().options(ExecutorCores.here(conf))));
    long rows = source.count(documents, keys);
    return new PreparedJob(
        documents,
        keys,
        model.specification(),
        pipeline.over(rows, spark.sparkContext().defaultParallelism()),
        rows);
  }

  /**
   * Runs a trial on a sample of the rows.
   *
   * @param least rows that the model must be asked for, else there is no trial and no prediction
   */
  Optional<JobPrediction> predict(TrialLimits trial, long least) {
    return new GenerationTrial(engine, pipeline, trial).predict(documents, keys, least);
  }
}
