package io.sparkllama.bench;

import org.apache.spark.sql.SparkSession;

/** Opens the Spark session of a bench: in this process, without a page in the network. */
final class LocalSession {
  private LocalSession() {}

  /** Opens a session, which the caller stops. */
  static SparkSession open(int cores) {
    return SparkSession.builder()
        .master("local[" + cores + "]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate();
  }
}
