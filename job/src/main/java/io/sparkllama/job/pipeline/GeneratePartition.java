package io.sparkllama.job.pipeline;

import io.sparkllama.job.metrics.GenerationCounter;
import java.io.IOException;
import java.util.Iterator;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/** Runs one partition on the executor's engine: Spark's task calls it with the prepared rows. */
final class GeneratePartition implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1;

  private final EngineSource engine;
  private final RowWalk walk;
  private final int window;
  private final GenerationCounter counter;

  /**
   * @param window rows that the task keeps in flight
   * @param counter registered with the driver's SparkContext
   */
  GeneratePartition(EngineSource engine, RowWalk walk, int window, GenerationCounter counter) {
    this.engine = engine;
    this.walk = walk;
    this.window = window;
    this.counter = counter;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return rows; // an empty partition starts no engine
    }
    TaskContext context = TaskContext.get();
    int partition = context.partitionId();
    GenerationIterator answers =
        new GenerationIterator(
            rows,
            walk,
            engine.acquire(),
            window,
            () -> refuseKilled(context),
            counts -> counter.add(Map.entry(partition, counts)));
    context.addTaskCompletionListener(
        (org.apache.spark.util.TaskCompletionListener) ended -> answers.close());
    return answers;
  }

  private static void refuseKilled(TaskContext context) {
    if (context.isInterrupted()) {
      throw new TaskKilledException("The task was killed while rows were in flight.");
    }
  }
}
