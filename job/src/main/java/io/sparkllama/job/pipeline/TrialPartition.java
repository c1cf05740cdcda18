package io.sparkllama.job.pipeline;

import io.sparkllama.job.prediction.TrialReport;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/** Tries the sampled rows on an executor's engine: Spark's one task of a trial calls it. */
final class TrialPartition implements MapPartitionsFunction<Row, TrialReport> {
  private static final long serialVersionUID = 1;

  private final EngineSource engine;
  private final RowWalk walk;
  private final TrialLimits limits;

  TrialPartition(EngineSource engine, RowWalk walk, TrialLimits limits) {
    this.engine = engine;
    this.walk = walk;
    this.limits = limits;
  }

  @Override
  public Iterator<TrialReport> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return List.<TrialReport>of().iterator(); // without rows there is nothing to start one for
    }
    TaskContext context = TaskContext.get();
    try {
      return List.of(
              new PromptTrial(walk, engine.acquire(), limits, () -> refuseKilled(context))
                  .run(rows))
          .iterator();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new TaskKilledException("The task was killed while its trial was under way.");
    }
  }

  private static void refuseKilled(TaskContext context) {
    if (context.isInterrupted()) {
      throw new TaskKilledException("The task was killed while its trial was under way.");
    }
  }
}
