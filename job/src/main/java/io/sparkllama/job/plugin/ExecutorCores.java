package io.sparkllama.job.plugin;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/** Tells how many threads an executor's engine takes where the job leaves it open. */
public final class ExecutorCores {
  private static final Pattern LOCAL = Pattern.compile("local\\[(\\d+|\\*)(?:,\\s*\\d+)?]");

  /** How every cluster manager starts an executor; Spark tells its cores nowhere else. */
  private static final Pattern EXECUTOR =
      Pattern.compile("\\S*ExecutorBackend\\s.*--cores\\s+(\\d+)(?:\\s.*)?");

  private ExecutorCores() {}

  /** Returns the cores of this process where it is an executor; elsewhere what the settings say. */
  public static int here(SparkConf conf) {
    return of(
        conf,
        System.getProperty("sun.java.command", ""),
        Runtime.getRuntime().availableProcessors());
  }

  /**
   * Returns the cores that Spark gave to this executor: what its process was started with, of
   * {@code local[N]} N, else {@code spark.executor.cores}, which is 1 on YARN and Kubernetes; at
   * most the processors that this JVM may use, and all of those where Spark does not say.
   *
   * @param command main class and arguments of this process, as {@code sun.java.command} has them
   */
  static int of(SparkConf conf, String command, int processors) {
    String master = conf.get("spark.master", "");
    int cores = processors;
    Matcher executor = EXECUTOR.matcher(command);
    Matcher local = LOCAL.matcher(master);
    if (executor.matches()) {
      cores = parse(executor.group(1), processors);
    } else if (master.equals("local")) {
      cores = 1;
    } else if (local.matches()) {
      cores = local.group(1).equals("*") ? processors : parse(local.group(1), processors);
    } else if (conf.contains("spark.executor.cores")) {
      cores = conf.getInt("spark.executor.cores", processors);
    } else if (master.equals("yarn") || master.startsWith("k8s://")) {
      cores = 1; // their own default
    }
    return Math.max(1, Math.min(cores, processors));
  }

  /** Takes all processors for a number of more digits than any host has. */
  private static int parse(String digits, int processors) {
    return digits.length() > 9 ? processors : Integer.parseInt(digits);
  }
}
