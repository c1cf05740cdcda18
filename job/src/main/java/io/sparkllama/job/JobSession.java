package io.sparkllama.job;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.report.SparkSentence;
import java.io.IOException;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/** Gives a job the Spark session there is, or one of its own that ends with the job. */
final class JobSession {
  /** Is what is done on a session. */
  @FunctionalInterface
  interface Work<T> {
    T on(SparkSession spark) throws IOException;
  }

  private JobSession() {}

  /**
   * Does work on a session.
   *
   * @param settings the job file's, by full names
   * @throws InvalidConfigurationException where Spark refuses a setting
   */
  static <T> T with(Map<String, String> settings, Work<T> work) throws IOException {
    boolean own = SparkSession.getDefaultSession().isEmpty();
    SparkSession spark = open(settings, own);
    try {
      return work.on(spark);
    } finally {
      if (own) {
        spark.stop();
      }
    }
  }

  /**
   * Returns the settings of the session that work is done on, so far as they are known before.
   *
   * @param settings the job file's, by full names
   */
  static SparkConf settings(Map<String, String> settings) {
    Option<SparkSession> session = SparkSession.getDefaultSession();
    return session.isDefined() && !session.get().sparkContext().isStopped()
        ? session.get().sparkContext().getConf()
        : SparkSettings.named(settings);
  }

  private static SparkSession open(Map<String, String> settings, boolean own) {
    SparkSession spark = null;
    try {
      spark = SparkSession.builder().config(SparkSettings.of(settings)).getOrCreate();
      spark.conf().get("spark.sql.session.timeZone"); // the first look checks all of spark.sql
      return spark;
    } catch (Exception wrong) {
      if (own && spark != null) {
        spark.stop();
      }
      if (wrong instanceof IllegalArgumentException || isMalformed(wrong)) {
        throw new InvalidConfigurationException(
            "A setting of Spark is refused; correct it under spark in the job file, or where"
                + " spark-submit gets it: "
                + SparkSentence.of(wrong),
            wrong);
      }
      throw wrong;
    }
  }

  /** Tells whether Spark itself refused a setting, such as a master that it cannot parse. */
  private static boolean isMalformed(Exception wrong) {
    return wrong instanceof SparkException && wrong.getCause() == null;
  }
}
