package io.sparkllama.job.metrics;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Counts the rows of an action that the engine could not run, while its tasks run: those of
 * finished tasks from the action's own collection, those of running tasks from the heartbeats.
 */
public final class DeadRowProgress extends SparkListener {
  /** Rows by partition, of each task that runs; guarded by this. */
  private final Map<Long, Map<Integer, Integer>> running = new HashMap<>();

  private DeadRows rows = new DeadRows(); // guarded by this

  /**
   * Follows another action from now on.
   *
   * @param next registered with the SparkContext
   */
  public synchronized void follow(DeadRows next) {
    running.clear();
    rows = next;
  }

  /** Returns how many rows there are by now, without those that shared the request of another. */
  public synchronized long count() {
    Map<Integer, Integer> partitions = new HashMap<>();
    running
        .values()
        .forEach(
            task ->
                task.forEach((partition, dead) -> partitions.merge(partition, dead, Math::max)));
    rows.value().forEach((partition, dead) -> partitions.put(partition, requests(dead)));
    return partitions.values().stream().mapToLong(Integer::longValue).sum();
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    for (var task : CollectionConverters.asJava(heartbeat.accumUpdates())) {
      for (AccumulableInfo info : CollectionConverters.asJava(task._4())) {
        if (info.update().isDefined() && rows.isRegistered() && info.id() == rows.id()) {
          tell((Long) task._1(), (Map<?, ?>) info.update().get());
        }
      }
    }
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    ended(end.taskInfo().taskId());
  }

  /**
   * Takes what a task has set aside by now.
   *
   * @param rows lists by partition
   */
  synchronized void tell(long task, Map<?, ?> rows) {
    Map<Integer, Integer> dead = new HashMap<>();
    rows.forEach((partition, some) -> dead.put((Integer) partition, requests((List<?>) some)));
    running.put(task, dead);
  }

  private static int requests(List<?> rows) {
    return (int) rows.stream().filter(row -> !((DeadRow) row).repeated()).count();
  }

  /** Forgets what a task has told: it counts where it has succeeded, and was merged before this. */
  synchronized void ended(long task) {
    running.remove(task);
  }
}
