package io.sparkllama.job;

import io.sparkllama.job.durable.BatchAnswers;
import io.sparkllama.job.metrics.DeadRowProgress;
import io.sparkllama.job.metrics.DeadRows;
import io.sparkllama.job.metrics.EngineGauge;
import io.sparkllama.job.metrics.EngineLoad;
import io.sparkllama.job.metrics.EngineProgress;
import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationProgress;
import io.sparkllama.job.pipeline.GateSource;
import io.sparkllama.job.pipeline.GenerationPipeline;
import io.sparkllama.job.pipeline.LetterBox;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.plugin.ExecutorEngine;
import io.sparkllama.job.report.ProgressDisplay;
import io.sparkllama.job.report.ProgressReporter;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** Leads rows through the walk, and shows how far they are, until it is closed. */
final class RunWatch implements AutoCloseable {
  private final SparkSession spark;
  private final PreparedJob job;
  private final GateSource gates;
  private final EngineGauge gauge = new EngineGauge();
  private final GenerationProgress progress = new GenerationProgress();
  private final DeadRowProgress deadSoFar = new DeadRowProgress();
  private final EngineProgress engines;
  private final ProgressReporter reporter;

  /**
   * Begins to show.
   *
   * @param gates that end tasks early
   */
  RunWatch(SparkSession spark, PreparedJob job, GateSource gates, ProgressDisplay display) {
    this.spark = spark;
    this.job = job;
    this.gates = gates;
    this.engines = new EngineProgress(gauge, job.engine().maxSequences());
    spark.sparkContext().register(gauge, "sparkllama.engine");
    spark.sparkContext().addSparkListener(progress);
    spark.sparkContext().addSparkListener(deadSoFar);
    if (spark.sparkContext().isLocal()) {
      tell(); // what the engine has done before counts for no job
    } else {
      spark.sparkContext().addSparkListener(engines);
    }
    this.reporter = new ProgressReporter(display, progress::counts, this::use);
  }

  /**
   * Builds the walk over rows, good for one action. Rows that the engine cannot run have their
   * error in the output.
   *
   * @param spread rows in the partitions that they are answered in
   */
  BatchAnswers answers(PreparedRows spread) {
    return answers(spread, new DeadRows(), LetterBox.CLOSED);
  }

  /**
   * Builds the walk over the rows of a batch, good for one action. Rows that the engine cannot run
   * are collected.
   *
   * @param spread rows in the partitions that they are answered in
   */
  BatchAnswers batch(PreparedRows spread) {
    DeadRows dead = new DeadRows();
    spark.sparkContext().register(dead, "sparkllama.dead-rows");
    deadSoFar.follow(dead);
    return answers(spread, dead, LetterBox.into(dead));
  }

  private BatchAnswers answers(PreparedRows spread, DeadRows dead, LetterBox letters) {
    GenerationCounter counter = new GenerationCounter();
    spark.sparkContext().register(counter, "sparkllama.rows");
    progress.follow(counter);
    GenerationPipeline walk =
        new GenerationPipeline(job.engine(), job.pipeline(), counter, gauge, gates, letters);
    return new BatchAnswers(walk.answers(spread), counter, dead, deadSoFar::count);
  }

  /** In local mode the engine is in this process, and is asked itself. */
  private Optional<EngineUse> use() {
    if (spark.sparkContext().isLocal()) {
      tell();
    }
    return engines.use();
  }

  private void tell() {
    engines.tell("driver", EngineLoad.of(ExecutorEngine.statistics()));
  }

  @Override
  public void close() {
    reporter.close();
    spark.sparkContext().removeSparkListener(progress);
    spark.sparkContext().removeSparkListener(deadSoFar);
    spark.sparkContext().removeSparkListener(engines);
  }
}
