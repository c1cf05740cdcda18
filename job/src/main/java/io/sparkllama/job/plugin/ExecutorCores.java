package io.sparkllama.job.plugin;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/** Tells how many threads an executor's engine takes where the job leaves it open. */
final class ExecutorCores {
  private static final Pattern LOCAL = Pattern.compile("local\\[(\\d+|\\*)(?:,\\s*\\d+)?]");
  private static final Pattern LOCAL_CLUSTER =
      Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,\\s*\\d+\\s*]");

  private ExecutorCores() {}

  /**
   * Returns the cores that Spark gave to this executor: of {@code local[N]} N, else {@code
   * spark.executor.cores}, at most the processors that this JVM may use; all of those where Spark
   * does not say (a standalone worker gives whole hosts by default).
   */
  static int of(SparkConf conf, int processors) {
    String master = conf.get("spark.master", "");
    int cores = processors;
    Matcher local = LOCAL.matcher(master);
    Matcher localCluster = LOCAL_CLUSTER.matcher(master);
    if (master.equals("local")) {
      cores = 1;
    } else if (local.matches()) {
      cores = local.group(1).equals("*") ? processors : parse(local.group(1), processors);
    } else if (conf.contains("spark.executor.cores")) {
      cores = conf.getInt("spark.executor.cores", processors);
    } else if (localCluster.matches()) {
      cores = parse(localCluster.group(1), processors);
    }
    return Math.max(1, Math.min(cores, processors));
  }

  /** Takes all processors for a number of more digits than any host has. */
  private static int parse(String digits, int processors) {
    return digits.length() > 9 ? processors : Integer.parseInt(digits);
  }
}
