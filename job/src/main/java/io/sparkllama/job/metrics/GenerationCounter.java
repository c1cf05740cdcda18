package io.sparkllama.job.metrics;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.util.AccumulatorV2;

/**
 * Carries the counts of each partition to the driver.
 *
 * <p>Spark merges the counters of successful tasks only, and a partition's counts replace earlier
 * ones of the same partition: a task that is retried, run twice on speculation, or run again after
 * a lost executor counts once. Running tasks send theirs with the heartbeat, for progress.
 */
public final class GenerationCounter
    extends AccumulatorV2<Map.Entry<Integer, GenerationCounts>, Map<Integer, GenerationCounts>> {
  private static final long serialVersionUID = 1;

  private final ConcurrentHashMap<Integer, GenerationCounts> partitions =
      new ConcurrentHashMap<>(); // written by the task's thread, read by the heartbeat's

  /** Returns the sum over partitions. */
  public static GenerationCounts sum(Map<Integer, GenerationCounts> partitions) {
    return partitions.values().stream().reduce(GenerationCounts.NONE, GenerationCounts::plus);
  }

  @Override
  public boolean isZero() {
    return partitions.isEmpty();
  }

  @Override
  public GenerationCounter copy() {
    GenerationCounter copy = new GenerationCounter();
    copy.partitions.putAll(partitions);
    return copy;
  }

  @Override
  public void reset() {
    partitions.clear();
  }

  /** Replaces the counts of a partition. */
  @Override
  public void add(Map.Entry<Integer, GenerationCounts> partition) {
    partitions.put(partition.getKey(), partition.getValue());
  }

  @Override
  public void merge(
      AccumulatorV2<Map.Entry<Integer, GenerationCounts>, Map<Integer, GenerationCounts>> other) {
    partitions.putAll(other.value());
  }

  /** Returns the counts by partition, as they are now. */
  @Override
  public Map<Integer, GenerationCounts> value() {
    return Map.copyOf(partitions);
  }
}
