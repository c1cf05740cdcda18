package io.sparkllama.job;

import io.sparkllama.job.plugin.SparkLlamaPlugin;
import org.apache.spark.sql.SparkSession;

/** Gives tests a Spark in this process, without its web page. */
public final class LocalSpark {
  private LocalSpark() {}

  /** Starts a session, or returns the one there is; tests of one JVM share it. */
  public static SparkSession session() {
    return SparkSession.builder()
        .master("local[2]")
        .appName("spark-llama test")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.datetime.java8API.enabled", "true")
        .config("spark.executor.heartbeatInterval", "1s")
        .config("spark.plugins", SparkLlamaPlugin.class.getName())
        .getOrCreate();
  }
}
