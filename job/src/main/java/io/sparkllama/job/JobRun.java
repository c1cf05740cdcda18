package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationProgress;
import io.sparkllama.job.pipeline.GenerationPipeline;
import io.sparkllama.job.plugin.PreparedModel;
import io.sparkllama.job.report.JobSummary;
import io.sparkllama.job.report.LoggedProgress;
import io.sparkllama.job.report.ProgressDisplay;
import io.sparkllama.job.report.ProgressReporter;
import io.sparkllama.job.report.TerminalProgress;
import io.sparkllama.job.sink.ResultSample;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.source.DocumentSource;
import io.sparkllama.job.source.InputColumn;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import org.apache.spark.SparkConf;
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
    SparkConf conf = SparkSettings.of(config.spark());
    PreparedModel model =
        PreparedModel.of(
            config.modelPath(),
            config.modelSha256(),
            config.modelCacheDirectory(),
            config.engine(),
            conf);
    new ModelCheck(ModelFile.open(model.local().path()), config.engine())
        .check(config.pipeline().task());
    boolean own = SparkSession.getDefaultSession().isEmpty();
    SparkSession spark = SparkSession.builder().config(conf).getOrCreate();
    try {
      return run(spark, model);
    } finally {
      if (own) {
        spark.stop();
      }
    }
  }

  private JobSummary run(SparkSession spark, PreparedModel model) {
    ResultSink sink = new ResultSink(config.sink());
    sink.check(spark.sparkContext().hadoopConfiguration(), config.source().paths());
    DocumentSource source = new DocumentSource(config.source());
    Dataset<Row> documents = source.open(spark);
    List<InputColumn> keys = source.keyColumns(documents.schema());

    GenerationCounter counter = new GenerationCounter();
    spark.sparkContext().register(counter, "sparkllama.rows");
    Dataset<Row> answers =
        new GenerationPipeline(model.specification(), config.pipeline(), counter)
            .apply(documents, keys);
    long rows = source.count(documents, keys);

    GenerationProgress progress = new GenerationProgress(counter);
    spark.sparkContext().addSparkListener(progress);
    ProgressDisplay display = bar ? new TerminalProgress(rows, terminal) : new LoggedProgress(rows);
    long start = System.nanoTime();
    try (ProgressReporter reporter = new ProgressReporter(display, progress::counts)) {
      sink.write(answers);
    } finally {
      spark.sparkContext().removeSparkListener(progress);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    new ResultSample(config.sink()).print(spark, terminal);
    return new JobSummary(GenerationCounter.sum(counter.value()), seconds, sink.name());
  }
}
