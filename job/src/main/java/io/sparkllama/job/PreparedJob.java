package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.admission.Admission;
import io.sparkllama.job.admission.ExecutorMemory;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.limit.RunLimits;
import io.sparkllama.job.pipeline.GenerationPipeline;
import io.sparkllama.job.pipeline.GenerationTrial;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.pipeline.TrialLimits;
import io.sparkllama.job.planning.DoneRows;
import io.sparkllama.job.plugin.DriverLine;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.plugin.ExecutorCores;
import io.sparkllama.job.plugin.PreparedModel;
import io.sparkllama.job.plugin.SparkLlamaPlugin;
import io.sparkllama.job.prediction.JobPrediction;
import io.sparkllama.job.sink.Fingerprint;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.source.DocumentSource;
import io.sparkllama.job.source.InputColumn;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Is a job in which everything has been checked that can be without asking the model: what to run,
 * or to plan.
 *
 * @param choice of the rows that the run answers
 * @param memory what an executor takes, as far as the driver knows
 * @param pipeline with conversations in their format, spread for these rows
 * @param fingerprint of the output
 * @param resumed whether the output holds rows of an earlier run
 */
record PreparedJob(
    RowChoice choice,
    EngineSpecification engine,
    ExecutorMemory memory,
    PipelineSpecification pipeline,
    Fingerprint fingerprint,
    boolean resumed) {

  /**
   * Checks a job. What costs seconds is refused before what may cost hours: the model is fetched
   * when columns and output are known to be right, while Spark runs already, since a cluster waits
   * for its driver only so long.
   *
   * @throws InvalidConfigurationException names the key and the remedy
   */
  static PreparedJob of(JobConfig given, SparkSession spark) throws IOException {
    requireLine(given.limits(), spark.sparkContext().getConf());
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    ResultSink sink = new ResultSink(given.sink());
    sink.check(hadoop, given.source().paths());
    Optional<Fingerprint> before = sink.resumed(hadoop);
    // Templates see the day on which the job first began.
    JobConfig config = before.map(made -> given.on(made.date())).orElse(given);
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
                config.kvCacheMemory(),
                spark.sparkContext().getConf())
            .withAdapters(
                config.adapters(), config.modelCacheDirectory(), spark.sparkContext().getConf())
            .distributed(
                config.values().value(JobKeys.MODEL_DISTRIBUTION), spark.sparkContext().getConf());
    ModelFile file = ModelFile.open(model.local().path());
    PipelineSpecification pipeline =
        new ModelFormat(file, config.chatTemplate()).apply(config.pipeline());
    new ModelCheck(file, config.engine().withAdapters(model.adapters())).check(pipeline.task());
    SparkConf conf = spark.sparkContext().getConf();
    ExecutorMemory memory =
        Admission.onDriver(conf)
            .admit(
                file,
                model
                    .specification()
                    .options(ExecutorCores.here(conf))
                    .withAdapters(model.adapters()),
                config.kvCacheMemory());
    PreparedRows prepared = PreparedRows.of(pipeline, documents, keys);
    Fingerprint fingerprint =
        JobFingerprint.of(config, pipeline.task(), model.specification(), prepared.output());
    before.ifPresent(made -> made.refuseOther(fingerprint));
    RowChoice choice =
        RowChoice.of(
            prepared,
            source.count(documents, keys),
            before.map(
                made ->
                    new DoneRows(
                        prepared.identity(pipeline.task().completions()),
                        sink.read(spark, prepared.output()))),
            config.limits().rows());
    return new PreparedJob(
        choice,
        model.specification().withKvCacheMemory(memory.kvCacheMemory()),
        memory,
        choice.spread(pipeline, spark.sparkContext().defaultParallelism()),
        fingerprint,
        before.isPresent());
  }

  /** Tokens and time end tasks that run, which must hear of it. */
  private static void requireLine(RunLimits limits, SparkConf conf) {
    if (limits.endRunningTasks() && !DriverLine.isOpen(conf)) {
      throw new InvalidConfigurationException(
          "limit.tokens and limit.hours need spark-llama's plugin, which this Spark session was"
              + " started without: start it with spark.plugins = "
              + SparkLlamaPlugin.class.getName()
              + ", or leave them out.");
    }
  }

  /**
   * Runs a trial on a sample of the rows.
   *
   * @param least rows that the model must be asked for, else there is no trial and no prediction
   */
  Optional<JobPrediction> predict(TrialLimits trial, long least) {
    return new GenerationTrial(engine, pipeline, trial).predict(choice.rows(), least);
  }
}
