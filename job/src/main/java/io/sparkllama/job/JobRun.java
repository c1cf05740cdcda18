package io.sparkllama.job;

import io.sparkllama.job.durable.BatchAnswers;
import io.sparkllama.job.durable.ConfigurationFolder;
import io.sparkllama.job.durable.LockTimes;
import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.durable.RunControl;
import io.sparkllama.job.durable.RunLock;
import io.sparkllama.job.durable.RunStoppedException;
import io.sparkllama.job.durable.StopRequest;
import io.sparkllama.job.limit.Limit;
import io.sparkllama.job.limit.RunBudget;
import io.sparkllama.job.limit.RunLimits;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.pipeline.GateSource;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.pipeline.TrialLimits;
import io.sparkllama.job.plugin.DriverLine;
import io.sparkllama.job.prediction.JobPrediction;
import io.sparkllama.job.report.EarlyStop;
import io.sparkllama.job.report.JobSummary;
import io.sparkllama.job.report.LoggedProgress;
import io.sparkllama.job.report.PlanReport;
import io.sparkllama.job.report.ProgressDisplay;
import io.sparkllama.job.report.TerminalProgress;
import io.sparkllama.job.sink.ResultSample;
import io.sparkllama.job.sink.ResultSink;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one job: everything that can be refused first, then the model's answers. */
final class JobRun {
  private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);

  /** Fewer than a plan by itself takes, since nobody has asked for one. */
  private static final int SAMPLED_PROMPTS = 512;

  /** With fewer rows than so many times its sample, a trial would cost what it cannot be worth. */
  private static final int ROWS_OF_A_SAMPLED_PROMPT = 20;

  private final JobConfig config;
  private final boolean bar;
  private final PrintStream terminal;
  private final StopRequest stop;
  private final RowOrigin origin;

  /**
   * @param bar whether to draw a progress bar, else to log lines
   * @param terminal where the bar and a sample of the output go
   * @param stop that may end the run early
   * @param origin of the rows that it takes
   */
  JobRun(JobConfig config, boolean bar, PrintStream terminal, StopRequest stop, RowOrigin origin) {
    this.origin = origin;
    this.stop = stop;
    this.config = config;
    this.bar = bar;
    this.terminal = terminal;
  }

  /** Runs on the session there is, or on one of its own that ends with the job. */
  JobSummary run() throws IOException {
    return JobSession.with(config.spark(), this::run);
  }

  private JobSummary run(SparkSession spark) throws IOException {
    Optional<OutputFolder> output = JobOutput.checked(config, spark);
    try (JobCancellation cancellation = JobCancellation.listen(spark.sparkContext(), stop)) {
      return output.isPresent() ? inBatches(spark, output.get()) : inOneAction(spark);
    } catch (Exception failed) {
      if (stop.reason().isPresent()) {
        throw stopped(output, failed);
      }
      throw failed;
    }
  }

  private RunStoppedException stopped(Optional<OutputFolder> output, Exception failed) {
    String reason = stop.reason().orElseThrow();
    return output.isPresent()
        ? RunStoppedException.inBatches(reason, failed)
        : RunStoppedException.inOneAction(reason, failed);
  }

  private JobSummary inBatches(SparkSession spark, OutputFolder output) throws IOException {
    String application = spark.sparkContext().applicationId();
    try (RunLock lock = RunLock.acquire(output, application, LockTimes.USUAL, stop)) {
      PreparedJob job = PreparedJob.of(config, spark, Optional.of(output), origin);
      DurableRun run = new DurableRun(config, job, output, spark, new RunControl(lock, stop));
      run.begin();
      if (toAnswer(job) == 0) {
        LOG.info("{}", nothingLeft(job));
      }
      return run(spark, job, Optional.of(run));
    }
  }

  private static String nothingLeft(PreparedJob job) {
    long letters = job.earlier().orElseThrow().letters();
    return letters == 0
        ? "Every row has its answer already; nothing is left to do."
        : "Nothing is left to do but rows that the engine could not run, which the command replay"
            + " tries again: "
            + letters
            + " have dead letters; all others have their answers.";
  }

  private JobSummary inOneAction(SparkSession spark) throws IOException {
    stop.check();
    PreparedJob job = PreparedJob.of(config, spark, Optional.empty(), origin);
    stop.check(); // before the output is touched
    return run(spark, job, Optional.empty());
  }

  private JobSummary run(SparkSession spark, PreparedJob job, Optional<DurableRun> durable)
      throws IOException {
    ResultSink sink = new ResultSink(config.sink());
    long rows = toAnswer(job);
    Optional<JobPrediction> predicted = predict(job);
    RunBudget budget = new RunBudget(config.limits());
    long start = System.nanoTime();
    RunOutcome outcome;
    try (DriverLine.Listening line = DriverLine.listen(budget);
        RunWatch watch = new RunWatch(spark, job, gates(line), display(job, rows))) {
      outcome = durable.isPresent() ? answer(durable.get(), watch) : once(job, sink, watch);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (job.earlier().isPresent()) {
      ConfigurationFolder folder = job.earlier().get().folder();
      StructType columns = job.choice().rows().output();
      new ResultSample(config.sink()).print(columns, () -> folder.written(columns), terminal);
    }
    return new JobSummary(
        outcome.counts(),
        seconds,
        sink.name(),
        predicted,
        stop(outcome, rows, budget),
        outcome.batches(),
        outcome.input(),
        job.engine().device());
  }

  private RunOutcome answer(DurableRun run, RunWatch watch) throws IOException {
    return origin == RowOrigin.INPUT ? run.run(watch) : run.replay(watch);
  }

  private long toAnswer(PreparedJob job) {
    return job.toAnswer(config.limits(), origin);
  }

  /** Answers all rows in one action, into an output that no run can go on with. */
  private static RunOutcome once(PreparedJob job, ResultSink sink, RunWatch watch) {
    PreparedRows rows = job.choice().rows();
    BatchAnswers answers = watch.answers(rows.with(rows.spread(job.pipeline().spread())));
    sink.write(answers.rows());
    GenerationCounts counts = GenerationCounter.sum(answers.counter().value());
    long answered = counts.rows() / job.pipeline().task().completions();
    return new RunOutcome(
        counts, answered, job.choice().missing() - answered, Optional.empty(), Optional.empty());
  }

  private GateSource gates(DriverLine.Listening line) {
    return config.limits().endRunningTasks() ? GateSource.of(line) : GateSource.OPEN;
  }

  private ProgressDisplay display(PreparedJob job, long rows) {
    long outputRows = rows * job.pipeline().task().completions();
    return bar ? new TerminalProgress(outputRows, terminal) : new LoggedProgress(outputRows);
  }

  /** Tells what left rows for another run. */
  private Optional<EarlyStop> stop(RunOutcome outcome, long rows, RunBudget budget) {
    if (outcome.left() <= 0 || config.limits().equals(RunLimits.NONE)) {
      return Optional.empty();
    }
    boolean endedWithin = config.limits().endRunningTasks() && outcome.answered() < rows;
    Limit limit = endedWithin ? budget.endedBy() : Limit.ROWS;
    return Optional.of(new EarlyStop(limit, outcome.left(), outcome.batches().isPresent()));
  }

  private Optional<JobPrediction> predict(PreparedJob job) throws IOException {
    TrialLimits trial = config.trial().withMostPrompts(SAMPLED_PROMPTS).beforeRun();
    long least = (long) ROWS_OF_A_SAMPLED_PROMPT * trial.prompts();
    if (!config.planBeforeRun() || toAnswer(job) < least) {
      return Optional.empty();
    }
    Optional<JobPrediction> prediction = job.predict(config, trial, least);
    prediction.ifPresent(found -> LOG.info("{}", new PlanReport(found).line()));
    return prediction;
  }
}
