package io.sparkllama.job.broadcast;

import java.util.Map;
import org.apache.spark.SparkConf;

/** Holds what suits an application whose driver sends models, where its user has set nothing. */
public final class BroadcastSettings {
  private static final Map<String, String> DEFAULTS =
      Map.of(
          // Weights cannot be made smaller, and a model that the driver sends is most of it.
          "spark.broadcast.compress",
          "false",
          "spark.storage.replication.topologyMapper",
          PeersFirst.class.getName());

  private BroadcastSettings() {}

  /** Adds what is missing. Must be called before the application starts. */
  public static SparkConf apply(SparkConf conf) {
    DEFAULTS.forEach(conf::setIfMissing);
    return conf;
  }
}
