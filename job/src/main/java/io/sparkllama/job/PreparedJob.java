package io.sparkllama.job;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.admission.Admission;
import io.sparkllama.job.admission.ExecutorMemory;
import io.sparkllama.job.config.EngineKeys;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.config.OutputMode;
import io.sparkllama.job.durable.EarlierWork;
import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.limit.RunLimits;
import io.sparkllama.job.pipeline.GenerationPipeline;
import io.sparkllama.job.pipeline.GenerationTrial;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.pipeline.TrialLimits;
import io.sparkllama.job.plugin.DriverLine;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.plugin.ExecutorCores;
import io.sparkllama.job.plugin.ExecutorDevice;
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
import java.util.OptionalLong;
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
 * @param earlier what earlier runs have done; empty where none can be gone on with
 * @param screened input, as the run takes it; empty where none can be gone on with, or none is
 *     taken
 * @param rowLimit of the rows that the run takes
 */
record PreparedJob(
    RowChoice choice,
    EngineSpecification engine,
    ExecutorMemory memory,
    PipelineSpecification pipeline,
    Fingerprint fingerprint,
    Optional<EarlierWork> earlier,
    Optional<ScreenedInput> screened,
    OptionalLong rowLimit) {

  /**
   * Checks a job. What costs seconds is refused before what may cost hours: the model is fetched
   * when columns and output are known to be right, while Spark runs already, since a cluster waits
   * for its driver only so long.
   *
   * @param output that runs can go on with; empty where it is of another kind
   * @param origin of the rows; the input is looked at only for those of its own
   * @throws InvalidConfigurationException names the key and the remedy
   */
  static PreparedJob of(
      JobConfig config, SparkSession spark, Optional<OutputFolder> output, RowOrigin origin)
      throws IOException {
    requireLine(config.limits(), spark.sparkContext().getConf());
    ExecutorDevice.check(config.values().value(EngineKeys.DEVICE), spark.sparkContext().getConf());
    Optional<DeviceFacts> device =
        Admission.isLocal(spark.sparkContext().getConf())
            ? LlamaEngine.checkMachine(config.engine())
            : Optional.empty(); // which only executors can know
    DocumentSource source = new DocumentSource(config.source());
    Optional<JobInput> input = JobInput.of(config, spark, output, origin);
    Dataset<Row> documents = input.isPresent() ? input.get().documents() : source.open(spark);
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
    ModelFormat format = new ModelFormat(file, config.chatTemplate());
    PipelineSpecification today = format.apply(config.pipeline());
    new ModelCheck(file, config.engine().withAdapters(model.adapters())).check(today.task());
    ExecutorMemory memory = admitted(config, model, file, device, spark.sparkContext().getConf());
    PreparedRows prepared = PreparedRows.of(today, documents, keys);
    Fingerprint now =
        JobFingerprint.of(
            config, today.task(), model.specification(), prepared.output(), prepared.read());
    Optional<EarlierWork> earlier = Optional.empty();
    if (output.isPresent()) {
      earlier = Optional.of(earlier(config, output.get(), prepared, now));
    }
    Fingerprint fingerprint =
        earlier.isPresent() ? earlier.get().folder().fingerprint().orElse(now) : now;
    // Templates see the day on which the job first began.
    PipelineSpecification pipeline = format.apply(config.on(fingerprint.date()).pipeline());
    OptionalLong limit = rowLimit(config, earlier);
    Optional<ScreenedInput> screened =
        origin == RowOrigin.INPUT ? screened(input, pipeline, earlier) : Optional.empty();
    RowChoice choice =
        screened.isPresent()
            ? RowChoice.of(screened.get().rows(), limit)
            : RowChoice.of(prepared, source.count(documents, keys), limit);
    return new PreparedJob(
        choice,
        model.specification().withKvCacheMemory(memory.kvCacheMemory()),
        memory,
        choice.spread(pipeline, spark.sparkContext().defaultParallelism()),
        fingerprint,
        earlier,
        screened,
        limit);
  }

  private static ExecutorMemory admitted(
      JobConfig config,
      PreparedModel model,
      ModelFile file,
      Optional<DeviceFacts> device,
      SparkConf conf) {
    EngineSpecification engine = model.specification();
    return Admission.onDriver(conf)
        .on(device)
        .admit(
            file,
            engine
                .options(ExecutorCores.here(conf), engine.device())
                .withAdapters(model.adapters()),
            config.kvCacheMemory());
  }

  private static Optional<ScreenedInput> screened(
      Optional<JobInput> input, PipelineSpecification pipeline, Optional<EarlierWork> earlier)
      throws IOException {
    return input.isEmpty()
        ? Optional.empty()
        : Optional.of(input.get().screened(pipeline, earlier.orElseThrow()));
  }

  private static EarlierWork earlier(
      JobConfig config, OutputFolder output, PreparedRows prepared, Fingerprint now)
      throws IOException {
    ResultSink sink = new ResultSink(config.sink());
    OutputFolder.checkColumns(prepared.output());
    if (sink.mode() == OutputMode.OVERWRITE) {
      return EarlierWork.none(output.configuration(now));
    }
    OutputFolder.OtherDates dates =
        config.values().names(JobKeys.PROMPT_DATE)
            ? OutputFolder.OtherDates.DIFFER
            : OutputFolder.OtherDates.COUNT_AS_SAME;
    return EarlierWork.of(
        output.choose(now, dates, config.durable().changed()),
        prepared,
        config.pipeline().task().completions());
  }

  /** Rows that earlier runs took and did not answer count first where rows are limited. */
  private static OptionalLong rowLimit(JobConfig config, Optional<EarlierWork> earlier) {
    long pending = earlier.map(EarlierWork::pending).orElse(0L);
    OptionalLong limit = config.limits().rows();
    return limit.isPresent()
        ? OptionalLong.of(Math.max(0, limit.getAsLong() - pending))
        : OptionalLong.empty();
  }

  /** Returns the rows of the input that earlier runs took and did not answer. */
  long pending() {
    return earlier.map(EarlierWork::pending).orElse(0L);
  }

  /**
   * Returns the rows of the input that a run answers.
   *
   * @param limits of the run
   * @param origin of the rows that it takes
   */
  long toAnswer(RunLimits limits, RowOrigin origin) {
    long letters = earlier.map(EarlierWork::letters).orElse(0L);
    long all = pending() + (origin == RowOrigin.INPUT ? choice.count() : letters);
    return Math.min(all, limits.rows().orElse(all));
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
   * @param config of the job
   * @param least rows that the model must be asked for, else there is no trial and no prediction
   */
  Optional<JobPrediction> predict(JobConfig config, TrialLimits trial, long least)
      throws IOException {
    PreparedRows rows = choice.plain();
    if (pending() > 0) {
      Dataset<Row> pending = earlier.get().pending(rows, pipeline.task().completions());
      Dataset<Row> all = pending.union(rows.rows());
      OptionalLong limit = config.limits().rows();
      boolean fewer = limit.isPresent() && limit.getAsLong() < pending() + choice.count();
      rows =
          rows.with(fewer ? all.limit((int) Math.min(limit.getAsLong(), Integer.MAX_VALUE)) : all);
    }
    return new GenerationTrial(engine, pipeline, trial).predict(rows, least);
  }
}
