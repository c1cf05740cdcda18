package io.sparkllama.job.durable;

import java.util.Map;
import org.apache.spark.sql.SparkSession;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Makes the session of a query: the settings of another one, but for those that decide how files
 * are read.
 */
final class QuerySession {
  /** More than any file of work has. */
  private static final String WHOLE_FILE = String.valueOf(1L << 40);

  private static final String CATALOGS = "spark.sql.catalog.";

  private static final Map<String, String> OWN =
      Map.of(
          // One file of work is one task: none is cut, and none shares a partition.
          "spark.sql.files.maxPartitionBytes",
          WHOLE_FILE,
          "spark.sql.files.openCostInBytes",
          WHOLE_FILE,
          // With 1, Spark forgets the progress of a batch before anybody can ask for it.
          "spark.sql.streaming.numRecentProgressUpdates",
          "100",
          // A query switches it off anyway, and warns each time.
          "spark.sql.adaptive.enabled",
          "false");

  private QuerySession() {}

  static SparkSession like(SparkSession spark) {
    SparkSession session = spark.newSession();
    for (Map.Entry<String, String> setting :
        CollectionConverters.asJava(spark.conf().getAll()).entrySet()) {
      String key = setting.getKey();
      // A session may also hold settings of storages and catalogs, which Spark does not know
      // itself.
      if (spark.conf().isModifiable(key) || !key.startsWith("spark.") || key.startsWith(CATALOGS)) {
        session.conf().set(key, setting.getValue());
      }
    }
    session.conf().unset("spark.sql.files.maxPartitionNum");
    OWN.forEach((name, value) -> session.conf().set(name, value));
    return session;
  }
}
