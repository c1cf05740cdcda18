package io.sparkllama.job;

import io.sparkllama.job.broadcast.BroadcastSettings;
import io.sparkllama.job.plugin.ExecutorSettings;
import java.util.Map;
import org.apache.spark.SparkConf;

/**
 * Puts Spark's settings together: what {@code spark-submit} gave wins over the job file, and the
 * job file over what suits this job.
 */
final class SparkSettings {
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "spark.master", "local[*]",
          "spark.app.name", "spark-llama",
          "spark.serializer", "org.apache.spark.serializer.KryoSerializer",
          "spark.ui.showConsoleProgress", "false",
          // Version 2 of the committer loses or doubles files when a task fails at the wrong time.
          "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version", "1");

  /** For an embedded Spark, which has no cluster's page to stand on, and one executor to hear. */
  private static final Map<String, String> EMBEDDED =
      Map.of(
          "spark.ui.enabled", "false",
          // The engine's metrics are registered before Spark has named the application.
          "spark.metrics.namespace", "${spark.app.name}",
          // Progress of running tasks comes with the heartbeat.
          "spark.executor.heartbeatInterval", "2s");

  /** Dates and times reach prompts without a time zone only in this form. */
  private static final String JAVA_TIME = "spark.sql.datetime.java8API.enabled";

  private SparkSettings() {}

  /**
   * Returns the settings of a session.
   *
   * @param job the job file's, by full names
   */
  static SparkConf of(Map<String, String> job) {
    SparkConf conf = named(job);
    BroadcastSettings.apply(conf);
    if (conf.get("spark.master").startsWith("local")) {
      EMBEDDED.forEach(conf::setIfMissing);
    }
    return ExecutorSettings.apply(conf.set(JAVA_TIME, "true"));
  }

  /**
   * Returns what is known of a session's settings before it starts: those that were named, and our
   * defaults.
   *
   * @param job the job file's, by full names
   */
  static SparkConf named(Map<String, String> job) {
    SparkConf conf = new SparkConf();
    job.forEach(conf::setIfMissing);
    DEFAULTS.forEach(conf::setIfMissing);
    return conf;
  }
}
