package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.admission.Admission;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationProgress;
import io.sparkllama.job.pipeline.GenerationPipeline;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.plugin.ExecutorCores;
import io.sparkllama.job.plugin.PreparedModel;
import io.sparkllama.job.report.JobSummary;
import io.sparkllama.job.report.LoggedProgress;
import io.sparkllama.job.report.ProgressDisplay;
import io.sparkllama.job.report.ProgressReporter;
import io.sparkllama.job.report.SparkSentence;
import io.sparkllama.job.report.TerminalProgress;
import io.sparkllama.job.sink.ResultSample;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.source.DocumentSource;
import io.sparkllama.job.source.InputColumn;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Runs one job: everything that can be refused first, then one action over the model's answers. */
final class JobRun {
  private final JobConfig config;
  private final boolean bar;
  private final PrintStream terminal;

  /**
   * @param bar whether to draw a progress bar, else to log lines
   * @param terminal where the bar and a sample of the output go
   */
  JobRun(JobConfig config, boolean bar, PrintStream terminal) {
    this.config = config;
    this.bar = bar;
    this.terminal = terminal;
  }

  /** Runs on the session there is, or on one of its own that ends with the job. */
  JobSummary run() throws IOException {
    boolean own = SparkSession.getDefaultSession().isEmpty();
    SparkSession spark = session(own);
    try {
      return run(spark);
    } finally {
      if (own) {
        spark.stop();
      }
    }
  }

  /** Starts Spark before the model is fetched: a cluster waits for its driver only so long. */
  private SparkSession session(boolean own) {
    SparkSession spark = null;
    try {
      spark = SparkSession.builder().config(SparkSettings.of(config.spark())).getOrCreate();
      spark.conf().get("spark.sql.session.timeZone"); // the first look checks all of spark.sql
      return spark;
    } catch (Exception wrong) {
      if (own && spark != null) {
        spark.stop();
      }
      if (wrong instanceof IllegalArgumentException || isMalformed(wrong)) {
        throw new InvalidConfigurationException(
            "A setting of Spark is refused; correct it under spark in the job file, or where"
                + " spark-submit gets it: "
                + SparkSentence.of(wrong),
            wrong);
      }
      throw wrong;
    }
  }

  /** Tells whether Spark itself refused a setting, such as a master that it cannot parse. */
  private static boolean isMalformed(Exception wrong) {
    return wrong instanceof SparkException && wrong.getCause() == null;
  }

  private JobSummary run(SparkSession spark) throws IOException {
    ResultSink sink = new ResultSink(config.sink());
    sink.check(spark.sparkContext().hadoopConfiguration(), config.source().paths());
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

    GenerationCounter counter = new GenerationCounter();
    spark.sparkContext().register(counter, "sparkllama.rows");
    long rows = source.count(documents, keys);
    Dataset<Row> answers =
        new GenerationPipeline(
                model.specification(),
                pipeline.over(rows, spark.sparkContext().defaultParallelism()),
                counter)
            .apply(documents, keys);

    GenerationProgress progress = new GenerationProgress(counter);
    spark.sparkContext().addSparkListener(progress);
    long outputRows = rows * pipeline.task().completions();
    ProgressDisplay display =
        bar ? new TerminalProgress(outputRows, terminal) : new LoggedProgress(outputRows);
    long start = System.nanoTime();
    try (ProgressReporter reporter = new ProgressReporter(display, progress::counts)) {
      sink.write(answers);
    } finally {
      spark.sparkContext().removeSparkListener(progress);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    new ResultSample(config.sink()).print(spark, answers.schema(), terminal);
    return new JobSummary(GenerationCounter.sum(counter.value()), seconds, sink.name());
  }
}
