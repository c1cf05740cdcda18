package io.sparkllama.job.pipeline;

import io.sparkllama.job.limit.RowGate;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/** Runs one partition on the executor's engine: Spark's task calls it with the prepared rows. */
final class GeneratePartition implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

  private final EngineSource engine;
  private final RowWalk walk;
  private final int window;
  private final PartitionMeters meters;
  private final GateSource gates;

  /**
   * @param window rows that the task keeps in flight
   */
  GeneratePartition(
      EngineSource engine, RowWalk walk, int window, PartitionMeters meters, GateSource gates) {
    this.engine = engine;
    this.walk = walk;
    this.window = window;
    this.meters = meters;
    this.gates = gates;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return rows; // an empty partition starts no engine
    }
    TaskContext context = TaskContext.get();
    RowGate gate = gates.open(context.taskAttemptId());
    context.addTaskCompletionListener(
        (org.apache.spark.util.TaskCompletionListener) ended -> gate.close());
    if (!isOpen(gate)) {
      return Collections.emptyIterator(); // nor does a run that is at its end
    }
    EngineCalls calls = engine.acquire();
    GenerationIterator answers =
        new GenerationIterator(
            rows,
            walk,
            calls,
            window,
            new TaskWatch(context, gate, () -> meters.gauge().add(calls.load())),
            meters.of(context.partitionId()));
    context.addTaskCompletionListener(
        (org.apache.spark.util.TaskCompletionListener) ended -> answers.close());
    return answers;
  }

  private static boolean isOpen(RowGate gate) {
    try {
      gate.awaitAnswer(LONGEST_WAIT);
      return gate.isOpen();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new TaskKilledException("The task was killed before its first row.");
    }
  }

  /**
   * Ends the waiting of a task that is killed, and its reading where the run's limits say so.
   *
   * @param look at what the executor's engine does
   */
  private record TaskWatch(TaskContext context, RowGate gate, Runnable look)
      implements GenerationIterator.Watch {
    @Override
    public void check() {
      if (context.isInterrupted()) {
        throw new TaskKilledException("The task was killed while rows were in flight.");
      }
      look.run(); // while a long answer is waited for, too
    }

    @Override
    public boolean admits() {
      return gate.isOpen();
    }

    @Override
    public void used(long tokens) {
      gate.used(tokens);
    }
  }
}
