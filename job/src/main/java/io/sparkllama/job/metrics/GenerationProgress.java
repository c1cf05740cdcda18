package io.sparkllama.job.metrics;

import java.util.HashMap;
import java.util.Map;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Follows a counter while tasks run: the counts of finished tasks from the counter itself, those of
 * running tasks from the executors' heartbeats. Where rows are answered in batches, each with a
 * counter of its own, it adds them up.
 */
public final class GenerationProgress extends SparkListener {
  private final Map<Integer, GenerationCounts> running = new HashMap<>(); // guarded by this
  private GenerationCounter counter = new GenerationCounter(); // guarded by this
  private GenerationCounts before = GenerationCounts.NONE; // guarded by this

  /**
   * Follows another counter from now on; what the one before it has counted stays.
   *
   * @param next registered with the SparkContext
   */
  public synchronized void follow(GenerationCounter next) {
    before = before.plus(GenerationCounter.sum(counter.value()));
    running.clear();
    counter = next;
  }

  /** Returns what is done by now; a running task may be some seconds ahead. */
  public synchronized GenerationCounts counts() {
    Map<Integer, GenerationCounts> partitions = new HashMap<>(running);
    partitions.putAll(counter.value());
    return before.plus(GenerationCounter.sum(partitions));
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    for (var task : CollectionConverters.asJava(heartbeat.accumUpdates())) {
      for (AccumulableInfo info : CollectionConverters.asJava(task._4())) {
        if (info.update().isDefined() && counter.isRegistered() && info.id() == counter.id()) {
          ((Map<?, ?>) info.update().get())
              .forEach(
                  (partition, counts) ->
                      running.put((Integer) partition, (GenerationCounts) counts));
        }
      }
    }
  }
}
