package io.sparkllama.job;

import io.sparkllama.job.limit.Limit;
import io.sparkllama.job.limit.RunBudget;
import io.sparkllama.job.limit.RunLimits;
import io.sparkllama.job.metrics.EngineGauge;
import io.sparkllama.job.metrics.EngineLoad;
import io.sparkllama.job.metrics.EngineProgress;
import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.metrics.GenerationProgress;
import io.sparkllama.job.pipeline.GateSource;
import io.sparkllama.job.pipeline.GenerationPipeline;
import io.sparkllama.job.pipeline.TrialLimits;
import io.sparkllama.job.plugin.DriverLine;
import io.sparkllama.job.plugin.ExecutorEngine;
import io.sparkllama.job.prediction.JobPrediction;
import io.sparkllama.job.report.EarlyStop;
import io.sparkllama.job.report.JobSummary;
import io.sparkllama.job.report.LoggedProgress;
import io.sparkllama.job.report.PlanReport;
import io.sparkllama.job.report.ProgressDisplay;
import io.sparkllama.job.report.ProgressReporter;
import io.sparkllama.job.report.TerminalProgress;
import io.sparkllama.job.sink.ResultSample;
import io.sparkllama.job.sink.ResultSink;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one job: everything that can be refused first, then one action over the model's answers. */
final class JobRun {
  private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);

  /** Fewer than a plan by itself takes, since nobody has asked for one. */
  private static final int SAMPLED_PROMPTS = 512;

  /** With fewer rows than so many times its sample, a trial would cost what it cannot be worth. */
  private static final int ROWS_OF_A_SAMPLED_PROMPT = 20;

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
    return JobSession.with(config.spark(), this::run);
  }

  private JobSummary run(SparkSession spark) throws IOException {
    PreparedJob job = PreparedJob.of(config, spark);
    String output = new ResultSink(config.sink()).name();
    if (job.resumed() && job.choice().missing() == 0) {
      LOG.info("The output has every row already; nothing is left to do.");
      return new JobSummary(GenerationCounts.NONE, 0, output, Optional.empty());
    }
    Optional<JobPrediction> predicted = predict(job);
    GenerationCounter counter = new GenerationCounter();
    spark.sparkContext().register(counter, "sparkllama.rows");
    EngineGauge gauge = new EngineGauge();
    spark.sparkContext().register(gauge, "sparkllama.engine");
    RunBudget budget = new RunBudget(config.limits());
    long start = System.nanoTime();
    try (DriverLine.Listening line = DriverLine.listen(budget)) {
      write(job, spark, counter, gauge, line);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    new ResultSample(config.sink()).print(spark, job.choice().rows().output(), terminal);
    GenerationCounts counts = GenerationCounter.sum(counter.value());
    return new JobSummary(counts, seconds, output, predicted, stop(job, counts, budget));
  }

  /** Runs the one action of a job over the model's answers. */
  private void write(
      PreparedJob job,
      SparkSession spark,
      GenerationCounter counter,
      EngineGauge gauge,
      DriverLine.Listening line)
      throws IOException {
    GateSource gates = config.limits().endRunningTasks() ? GateSource.of(line) : GateSource.OPEN;
    Dataset<Row> answers =
        new GenerationPipeline(job.engine(), job.pipeline(), counter, gauge, gates)
            .apply(job.choice().rows());
    GenerationProgress progress = new GenerationProgress(counter);
    spark.sparkContext().addSparkListener(progress);
    EngineProgress engines = new EngineProgress(gauge, job.engine().maxSequences());
    if (spark.sparkContext().isLocal()) {
      tell(engines); // what it has done before counts for no job
    } else {
      spark.sparkContext().addSparkListener(engines);
    }
    long outputRows = job.choice().count() * job.pipeline().task().completions();
    ProgressDisplay display =
        bar ? new TerminalProgress(outputRows, terminal) : new LoggedProgress(outputRows);
    try (ProgressReporter reporter =
        new ProgressReporter(display, progress::counts, () -> use(spark, engines))) {
      new ResultSink(config.sink()).write(answers, job.fingerprint());
    } finally {
      spark.sparkContext().removeSparkListener(progress);
      spark.sparkContext().removeSparkListener(engines);
    }
  }

  /** Tells what left rows for another run. */
  private Optional<EarlyStop> stop(PreparedJob job, GenerationCounts counts, RunBudget budget) {
    RowChoice choice = job.choice();
    long answered = counts.rows() / job.pipeline().task().completions();
    long left = choice.missing() - answered;
    if (left <= 0 || config.limits().equals(RunLimits.NONE)) {
      return Optional.empty();
    }
    boolean endedWithin = config.limits().endRunningTasks() && answered < choice.count();
    Limit limit = endedWithin ? budget.endedBy() : Limit.ROWS;
    return Optional.of(new EarlyStop(limit, left, config.sink().path().isPresent()));
  }

  /** In local mode the engine is in this process, and is asked itself. */
  private static Optional<EngineUse> use(SparkSession spark, EngineProgress engines) {
    if (spark.sparkContext().isLocal()) {
      tell(engines);
    }
    return engines.use();
  }

  private static void tell(EngineProgress engines) {
    engines.tell("driver", EngineLoad.of(ExecutorEngine.statistics()));
  }

  private Optional<JobPrediction> predict(PreparedJob job) {
    TrialLimits trial = config.trial().withMostPrompts(SAMPLED_PROMPTS);
    long least = (long) ROWS_OF_A_SAMPLED_PROMPT * trial.prompts();
    if (!config.planBeforeRun() || job.choice().count() < least) {
      return Optional.empty();
    }
    Optional<JobPrediction> prediction = job.predict(trial, least);
    prediction.ifPresent(found -> LOG.info("{}", new PlanReport(found).line()));
    return prediction;
  }
}
