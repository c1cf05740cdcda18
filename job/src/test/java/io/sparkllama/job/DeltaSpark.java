package io.sparkllama.job;

import io.delta.sql.DeltaSparkSessionExtension;
import org.apache.spark.sql.SparkSession;

/**
 * Gives tests a session with Delta Lake on the Spark of this process, as the one that jobs find;
 * other tests have one without.
 */
public final class DeltaSpark implements AutoCloseable {
  private final SparkSession without;
  private final SparkSession session;

  private DeltaSpark(SparkSession without, SparkSession session) {
    this.without = without;
    this.session = session;
  }

  /** Starts the session. */
  public static DeltaSpark start() {
    SparkSession without = LocalSpark.session();
    SparkSession.clearActiveSession();
    SparkSession.clearDefaultSession();
    SparkSession session =
        SparkSession.builder()
            .withExtensions(new DeltaSparkSessionExtension())
            .config(
                "spark.sql.catalog.spark_catalog",
                "org.apache.spark.sql.delta.catalog.DeltaCatalog")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.datetime.java8API.enabled", "true")
            // Tables are small, and a VACUUM lists their folders in 10,000 tasks by itself.
            .config("spark.databricks.delta.snapshotPartitions", "2")
            .config("spark.sql.sources.parallelPartitionDiscovery.parallelism", "2")
            .getOrCreate();
    return new DeltaSpark(without, session);
  }

  public SparkSession session() {
    return session;
  }

  /** Leaves jobs the session that they had before. */
  @Override
  public void close() {
    SparkSession.setActiveSession(without);
    SparkSession.setDefaultSession(without);
  }
}
