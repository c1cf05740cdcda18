package io.sparkllama.job;

import io.sparkllama.job.config.OutputMode;
import io.sparkllama.job.durable.ConfigurationFolder;
import io.sparkllama.job.durable.DurableJob;
import io.sparkllama.job.durable.Generation;
import io.sparkllama.job.durable.Intake;
import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.durable.Replay;
import io.sparkllama.job.durable.RunControl;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.report.BatchReport;
import io.sparkllama.job.report.DeadLetterReport;
import io.sparkllama.job.report.InputReport;
import io.sparkllama.job.sink.ResultSink;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Runs a job that can be killed and gone on with: takes rows into files of work, and answers these.
 */
final class DurableRun {
  private final JobConfig config;
  private final PreparedJob job;
  private final OutputFolder output;
  private final SparkSession spark;
  private final RunControl control;

  DurableRun(
      JobConfig config,
      PreparedJob job,
      OutputFolder output,
      SparkSession spark,
      RunControl control) {
    this.config = config;
    this.control = control;
    this.job = job;
    this.output = output;
    this.spark = spark;
  }

  /** Makes the output ready: whatever it cannot hold is refused here, before any work. */
  void begin() throws IOException {
    control.check();
    StructType columns = job.choice().rows().output();
    if (new ResultSink(config.sink()).mode() == OutputMode.OVERWRITE) {
      output.clear(columns, control);
    } else if (folder().begins()) {
      output.admit(folder(), columns);
    }
    output.begin(folder(), job.fingerprint(), control);
  }

  /** Takes the rows that no run has taken, and answers all that have no answer. */
  RunOutcome run(RunWatch watch) throws IOException {
    JobIntake.Taken taken =
        new JobIntake(job, new Intake(folder(), config.durable(), control)).take();
    return answer(watch, taken.rows(), taken.left(), Optional.of(taken.report()));
  }

  /** Tries the rows again that the engine could not run, and answers all that have no answer. */
  RunOutcome replay(RunWatch watch) throws IOException {
    long taken = new Replay(durable(), folder(), control).take();
    return answer(watch, taken, 0, Optional.empty());
  }

  private RunOutcome answer(RunWatch watch, long taken, long left, Optional<InputReport> report)
      throws IOException {
    PreparedRows rows = job.choice().plain();
    long pending = job.pending() + taken;
    if (pending == 0) {
      folder().answered();
      return new RunOutcome(GenerationCounts.NONE, 0, left, batches(0, Map.of()), report);
    }
    Generation.Outcome outcome =
        new Generation(durable(), folder(), work -> watch.batch(rows.with(work)), pending, control)
            .run(spark, rows.spread(job.pipeline().spread()).schema());
    return new RunOutcome(
        outcome.counts(),
        outcome.done(),
        pending - outcome.done() + left,
        batches(outcome.batches(), outcome.letters()),
        report);
  }

  private Optional<BatchReport> batches(long committed, Map<String, Long> letters)
      throws IOException {
    return Optional.of(
        new BatchReport(
            folder().name(),
            committed,
            new DeadLetterReport(
                letters, folder().openLetters().size(), folder().deadLetterList())));
  }

  private DurableJob durable() {
    return new DurableJob(
        new ResultSink(config.sink()).ofOpenBatches(),
        job.choice().plain(),
        job.pipeline().task().completions(),
        config.pipeline().spread(),
        config.durable(),
        config.limits());
  }

  private ConfigurationFolder folder() {
    return job.earlier().orElseThrow().folder();
  }
}
