package io.sparkllama.job.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.util.AccumulatorV2;

/**
 * Carries the rows of each partition that the engine could not run to the driver.
 *
 * <p>As with {@link GenerationCounter}, Spark merges those of successful tasks only, and a
 * partition's rows replace earlier ones of the same partition. A partition is a file of work, of at
 * most some thousand rows, which bounds what a task sends.
 */
public final class DeadRows
    extends AccumulatorV2<Map.Entry<Integer, DeadRow>, Map<Integer, List<DeadRow>>> {
  private static final long serialVersionUID = 1;

  private final ConcurrentHashMap<Integer, List<DeadRow>> partitions =
      new ConcurrentHashMap<>(); // of lists that never change; the heartbeat's thread reads it

  @Override
  public boolean isZero() {
    return partitions.isEmpty();
  }

  @Override
  public DeadRows copy() {
    DeadRows copy = new DeadRows();
    copy.partitions.putAll(partitions);
    return copy;
  }

  @Override
  public void reset() {
    partitions.clear();
  }

  /** Says that a partition has none yet: so that an attempt without any replaces another one. */
  public void begin(int partition) {
    partitions.put(partition, List.of());
  }

  /** Adds a row to a partition's. */
  @Override
  public void add(Map.Entry<Integer, DeadRow> row) {
    List<DeadRow> more = new ArrayList<>(partitions.getOrDefault(row.getKey(), List.of()));
    more.add(row.getValue());
    partitions.put(row.getKey(), List.copyOf(more));
  }

  @Override
  public void merge(AccumulatorV2<Map.Entry<Integer, DeadRow>, Map<Integer, List<DeadRow>>> other) {
    partitions.putAll(other.value());
  }

  /** Returns the rows by partition, as they are now. */
  @Override
  public Map<Integer, List<DeadRow>> value() {
    return Map.copyOf(partitions);
  }

  /** Returns the rows of all partitions, one that shares a request after the one that made it. */
  public List<DeadRow> all() {
    return partitions.values().stream().flatMap(List::stream).toList();
  }
}
