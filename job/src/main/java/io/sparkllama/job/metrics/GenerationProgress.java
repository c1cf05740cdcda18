package io.sparkllama.job.metrics;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Follows a counter while tasks run: the counts of finished tasks from the counter itself, those of
 * running tasks from the executors' heartbeats.
 */
public final class GenerationProgress extends SparkListener {
  private final GenerationCounter counter;
  private final Map<Integer, GenerationCounts> running = new ConcurrentHashMap<>();

  /**
   * @param counter registered with the SparkContext
   */
  public GenerationProgress(GenerationCounter counter) {
    this.counter = counter;
  }

  /** Returns what is done by now; a running task may be some seconds ahead. */
  public GenerationCounts counts() {
    Map<Integer, GenerationCounts> partitions = new HashMap<>(running);
    partitions.putAll(counter.value());
    return GenerationCounter.sum(partitions);
  }

  @Override
  public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    for (var task : CollectionConverters.asJava(heartbeat.accumUpdates())) {
      for (AccumulableInfo info : CollectionConverters.asJava(task._4())) {
        if (info.id() == counter.id() && info.update().isDefined()) {
          ((Map<?, ?>) info.update().get())
              .forEach(
                  (partition, counts) ->
                      running.put((Integer) partition, (GenerationCounts) counts));
        }
      }
    }
  }
}
