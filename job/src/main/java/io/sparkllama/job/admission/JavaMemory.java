package io.sparkllama.job.admission;

import org.apache.spark.SparkConf;

/**
 * Counts the bytes that a process's Java takes beside the engine, at most.
 *
 * @param heap its greatest size
 * @param offHeap that Spark manages itself; 0 unless it is switched on
 * @param heapSetting what makes the heap smaller
 */
public record JavaMemory(long heap, long offHeap, String heapSetting) {

  /** Returns what an executor takes, by its settings alone. */
  static JavaMemory ofExecutor(SparkConf conf) {
    return new JavaMemory(
        conf.getSizeAsMb("spark.executor.memory", "1g") << 20,
        offHeap(conf),
        "spark.executor.memory");
  }

  /** Returns what this process takes, an executor. */
  static JavaMemory ofThisExecutor(SparkConf conf) {
    return new JavaMemory(Runtime.getRuntime().maxMemory(), offHeap(conf), "spark.executor.memory");
  }

  /** Returns what this process takes, a driver that is its own executor. */
  static JavaMemory ofDriver(SparkConf conf) {
    return new JavaMemory(
        Runtime.getRuntime().maxMemory(), offHeap(conf), "Java's heap (-Xmx, spark.driver.memory)");
  }

  private static long offHeap(SparkConf conf) {
    return conf.getBoolean("spark.memory.offHeap.enabled", false)
        ? conf.getSizeAsBytes("spark.memory.offHeap.size", "0")
        : 0;
  }
}
