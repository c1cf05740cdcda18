package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceChoice;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.admission.Admission;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells what an executor's engine computes on: by what the job wants, and by what Spark gives.
 *
 * <p>Spark gives devices to the executors of a cluster, as its resource {@code gpu}. In local mode
 * nobody shares them out.
 */
public final class ExecutorDevice {
  private static final Logger LOG = LoggerFactory.getLogger(ExecutorDevice.class);
  private static final String RESOURCE = "gpu";
  private static final String EXECUTOR_AMOUNT = "spark.executor.resource.gpu.amount";
  private static final String TASK_AMOUNT = "spark.task.resource.gpu.amount";

  private ExecutorDevice() {}

  /**
   * Returns what executors compute on where {@link #check} finds nothing wrong. Of a cluster's GPUs
   * the driver knows only that there is one for each executor.
   */
  public static Device expected(DeviceChoice choice, SparkConf conf) {
    if (Admission.isLocal(conf)) {
      return choice.here();
    }
    boolean gpu =
        switch (choice.kind()) {
          case AUTO -> !conf.get(EXECUTOR_AMOUNT, "0").strip().matches("0*");
          case CPU -> false;
          case CUDA -> true;
        };
    return gpu ? Device.Cuda.numbered(0) : Device.PROCESSOR;
  }

  /**
   * Refuses, before any work, settings by which no executor could have its GPU, and warns of those
   * by which it would have little to do.
   *
   * @throws InvalidConfigurationException says what to set
   */
  public static void check(DeviceChoice choice, SparkConf conf) {
    if (Admission.isLocal(conf) || !expected(choice, conf).isGpu()) {
      return;
    }
    if (choice.number().isPresent()) {
      throw new InvalidConfigurationException(
          "engine.device names a GPU by its number, and on a cluster Spark gives them to executors:"
              + " set engine.device to cuda, and "
              + EXECUTOR_AMOUNT
              + " to 1: "
              + choice);
    }
    String amount = conf.get(EXECUTOR_AMOUNT, "none").strip();
    if (!amount.equals("1")) {
      throw new InvalidConfigurationException(
          "An executor's engine computes on one GPU: set "
              + EXECUTOR_AMOUNT
              + " to 1, with a discovery script and as many executors as there are GPUs"
              + " (docs/gpu.md), or engine.device to cpu: "
              + EXECUTOR_AMOUNT
              + " is "
              + amount);
    }
    warnOfIdleCores(conf);
  }

  /** All tasks of an executor share its engine: a task that has the GPU alone keeps others out. */
  private static void warnOfIdleCores(SparkConf conf) {
    double each = conf.getDouble(TASK_AMOUNT, 0);
    int cores = conf.getInt("spark.executor.cores", 2) / conf.getInt("spark.task.cpus", 1);
    if (each > 0 && (long) (1 / each) < cores) {
      LOG.warn(
          "{} lets an executor run {} tasks at once, and its cores would run {}: all of them share"
              + " the engine on its GPU, which has more to do with more of them; set it to 1 divided"
              + " by the cores, such as {}",
          TASK_AMOUNT,
          (long) (1 / each),
          cores,
          1.0 / Math.max(1, cores));
    }
  }

  /**
   * Returns what the engine of this executor computes on.
   *
   * @param expected by the driver
   * @throws InvalidConfigurationException where Spark has given this executor no GPU, or several
   */
  static Device here(Device expected, SparkConf conf) {
    return !expected.isGpu() || Admission.isLocal(conf) ? expected : given(resources());
  }

  /** Returns the only GPU among what Spark has given. */
  static Device given(Map<String, ResourceInformation> resources) {
    ResourceInformation gpus = resources.get(RESOURCE);
    List<String> addresses = gpus == null ? List.of() : List.of(gpus.addresses());
    if (addresses.size() != 1) {
      throw new InvalidConfigurationException(
          "An executor's engine computes on one GPU, and Spark has given this executor "
              + (addresses.isEmpty() ? "none" : "several")
              + ": set "
              + EXECUTOR_AMOUNT
              + " to 1, or engine.device to cpu (docs/gpu.md); its addresses are "
              + addresses);
    }
    return Device.Cuda.at(addresses.get(0));
  }

  /** Without the plugin only tasks can tell, and only those that ask for a part of it. */
  private static Map<String, ResourceInformation> resources() {
    TaskContext task = TaskContext.get();
    return DriverLine.resources().orElseGet(() -> task == null ? Map.of() : task.resourcesJMap());
  }
}
