package io.sparkllama.job.metrics;

import org.apache.spark.util.AccumulatorV2;

/**
 * Carries what an executor's engine has on hand to the driver: with the heartbeat, as each running
 * task has last told it. What Spark merges at a task's end is of no use, since it does not say of
 * which executor it is.
 */
public final class EngineGauge extends AccumulatorV2<EngineLoad, EngineLoad> {
  private static final long serialVersionUID = 1;

  private volatile EngineLoad load = EngineLoad.NONE; // written by the task's thread alone

  @Override
  public boolean isZero() {
    return load.equals(EngineLoad.NONE);
  }

  @Override
  public EngineGauge copy() {
    EngineGauge copy = new EngineGauge();
    copy.load = load;
    return copy;
  }

  @Override
  public void reset() {
    load = EngineLoad.NONE;
  }

  /** Tells it anew. */
  @Override
  public void add(EngineLoad now) {
    load = now;
  }

  @Override
  public void merge(AccumulatorV2<EngineLoad, EngineLoad> other) {
    load = load.later(other.value());
  }

  @Override
  public EngineLoad value() {
    return load;
  }
}
