package io.sparkllama.job.pipeline;

import io.sparkllama.job.limit.BudgetGate;
import io.sparkllama.job.limit.RowGate;
import io.sparkllama.job.plugin.DriverLine;
import java.io.Serializable;

/** Opens the gate through which a task's rows begin. */
@FunctionalInterface
public interface GateSource extends Serializable {
  /** Lets every row begin. */
  GateSource OPEN = task -> RowGate.OPEN;

  /** Opens gates that a run's budget on the driver closes. */
  static GateSource of(DriverLine.Listening run) {
    long id = run.run();
    return task -> new BudgetGate(DriverLine::report, id, task);
  }

  /**
   * Opens a task's gate, which the task closes.
   *
   * @param task unique among all attempts of all tasks
   */
  RowGate open(long task);
}
