package io.sparkllama.job.metrics;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Follows a job's engines while tasks run, by the executors' heartbeats. An executor whose tasks
 * have all ended counts no more.
 */
public final class EngineProgress extends SparkListener {
  private final EngineGauge gauge;
  private final int maxSequences;
  private final Map<String, Told> executors = new HashMap<>(); // guarded by this

  /** Is what an executor has told last, and before. */
  private record Told(EngineLoad before, EngineLoad now) {
    /** Another engine has begun to count anew. */
    private boolean isSameEngine() {
      return now.steps() >= before.steps();
    }

    long steps() {
      return now.steps() - (isSameEngine() ? before.steps() : 0);
    }

    long stepSequences() {
      return now.stepSequences() - (isSameEngine() ? before.stepSequences() : 0);
    }
  }

  /**
   * @param gauge registered with the SparkContext
   * @param maxSequences in a step of one engine
   */
  public EngineProgress(EngineGauge gauge, int maxSequences) {
    this.gauge = gauge;
    this.maxSequences = maxSequences;
  }

  /** Takes what an engine has on hand now. */
  public synchronized void tell(String executor, EngineLoad now) {
    Told last = executors.get(executor);
    executors.put(executor, new Told(last == null ? EngineLoad.NONE : last.now(), now));
  }

  /** Returns what has been told last; nothing where no task runs. */
  public synchronized Optional<EngineUse> use() {
    long steps = 0;
    long stepSequences = 0;
    long usedBlocks = 0;
    long blocks = 0;
    for (Told told : executors.values()) {
      steps += told.steps();
      stepSequences += told.stepSequences();
      usedBlocks += told.now().usedBlocks();
      blocks += told.now().blocks();
    }
    return blocks == 0
        ? Optional.empty()
        : Optional.of(
            new EngineUse(
                steps == 0 ? 0 : (double) stepSequences / steps / maxSequences,
                (double) usedBlocks / blocks));
  }

  @Override
  public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    Optional<EngineLoad> last = Optional.empty();
    for (var task : CollectionConverters.asJava(heartbeat.accumUpdates())) {
      for (AccumulableInfo info : CollectionConverters.asJava(task._4())) {
        if (info.id() == gauge.id() && info.update().isDefined()) {
          EngineLoad load = (EngineLoad) info.update().get();
          last = Optional.of(last.map(other -> other.later(load)).orElse(load));
        }
      }
    }
    last.ifPresentOrElse(load -> tell(heartbeat.execId(), load), () -> forget(heartbeat.execId()));
  }

  @Override
  public void onExecutorRemoved(SparkListenerExecutorRemoved executor) {
    forget(executor.executorId());
  }

  private synchronized void forget(String executor) {
    executors.remove(executor);
  }
}
