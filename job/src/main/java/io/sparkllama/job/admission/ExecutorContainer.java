package io.sparkllama.job.admission;

import java.util.Optional;
import org.apache.spark.SparkConf;

/**
 * Tells how large a container Spark asks for, for an executor: on YARN and Kubernetes, which hold
 * it to that. A standalone cluster gives no container, so no such setting bounds its executors.
 */
final class ExecutorContainer {
  private static final String OVERHEAD = "spark.executor.memoryOverhead";
  private static final String FACTOR = "spark.executor.memoryOverheadFactor";
  private static final String KUBERNETES_FACTOR = "spark.kubernetes.memoryOverheadFactor";
  private static final double USUAL_FACTOR = 0.1;

  private ExecutorContainer() {}

  /**
   * Returns the container's size without what Spark adds for Python; empty where the cluster gives
   * no container.
   */
  static Optional<MemoryLimit> of(SparkConf conf) {
    String master = conf.get("spark.master", "");
    boolean kubernetes = master.startsWith("k8s://");
    if (!kubernetes && !master.equals("yarn")) {
      return Optional.empty();
    }
    JavaMemory java = JavaMemory.ofExecutor(conf);
    double usual = kubernetes ? conf.getDouble(KUBERNETES_FACTOR, USUAL_FACTOR) : USUAL_FACTOR;
    long overhead =
        conf.contains(OVERHEAD)
            ? conf.getSizeAsMb(OVERHEAD) << 20
            : Math.max(
                (long) (java.heap() * conf.getDouble(FACTOR, usual)),
                conf.getSizeAsMb("spark.executor.minMemoryOverhead", "384m") << 20);
    return Optional.of(
        new MemoryLimit(
            java.heap() + overhead + java.offHeap(),
            "the executor's container: spark.executor.memory, "
                + OVERHEAD
                + " and off-heap memory together",
            MemoryLimit.Remedy.MEMORY_OVERHEAD));
  }
}
