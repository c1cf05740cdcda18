package io.sparkllama.job.plugin;

import java.util.Arrays;
import org.apache.spark.SparkConf;

/** Sets what a Spark application needs to run an engine on each executor. */
public final class ExecutorSettings {
  private static final String PLUGINS = "spark.plugins";
  private static final String REGISTRATORS = "spark.kryo.registrator";

  private ExecutorSettings() {}

  /**
   * Adds our plugin and our registrator to those that the user names. Must be called before the
   * application starts.
   */
  public static SparkConf apply(SparkConf conf) {
    return conf.set(PLUGINS, joined(conf.get(PLUGINS, ""), SparkLlamaPlugin.class.getName()))
        .set(
            REGISTRATORS,
            joined(conf.get(REGISTRATORS, ""), SparkLlamaKryoRegistrator.class.getName()));
  }

  private static String joined(String names, String name) {
    if (names.isBlank()) {
      return name;
    }
    return Arrays.asList(names.strip().split("\\s*,\\s*")).contains(name)
        ? names
        : names + "," + name;
  }
}
