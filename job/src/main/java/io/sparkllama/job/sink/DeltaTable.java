package io.sparkllama.job.sink;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.SparkThrowable;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/**
 * Is a Delta table at a path, of which each write is one transaction. No class of Delta's is named
 * here: who wants such an output brings them.
 */
public final class DeltaTable {
  /** Names the format, as Spark knows it. */
  static final String FORMAT = "delta";

  /** Is where a table keeps its transactions, in its folder. */
  public static final String LOG = "_delta_log";

  private static final String MERGE_SCHEMA = "mergeSchema";

  /** Options of Delta's that change neither which rows a write replaces nor whether it is one. */
  private static final Set<String> TAKEN =
      new TreeSet<>(
          Set.of(
              "compression", "maxRecordsPerFile", MERGE_SCHEMA, "optimizeWrite", "userMetadata"));

  /** Begins properties that a new table gets. */
  private static final String PROPERTY = "delta.";

  /** Would keep a batch from being replaced. */
  private static final String APPEND_ONLY = "delta.appendonly";

  private static final String SETTINGS_MISSING =
      "DELTA_CONFIGURE_SPARK_SESSION_WITH_EXTENSION_AND_CATALOG";

  private final String path;
  private final Map<String, String> options;
  private final List<String> partitions;

  /**
   * @param options of the job file
   * @param partitions columns that the table is partitioned by
   */
  DeltaTable(String path, Map<String, String> options, List<String> partitions) {
    this.path = path;
    this.partitions = List.copyOf(partitions);
    this.options = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    this.options.putAll(options);
  }

  /**
   * Refuses options that would change what a write replaces, skip it, or read other rows than there
   * are now.
   *
   * @throws InvalidConfigurationException names the first
   */
  static void checkOptions(Set<String> names) {
    for (String name : names) {
      String lower = name.toLowerCase(Locale.ROOT);
      boolean property = lower.startsWith(PROPERTY) && !lower.equals(APPEND_ONLY);
      if (!property && TAKEN.stream().noneMatch(lower::equalsIgnoreCase)) {
        throw new InvalidConfigurationException(
            "output.options holds one that a Delta table of batches cannot be written with; leave it"
                + " out. Those taken are "
                + String.join(", ", TAKEN)
                + ", and properties of a new table, delta.*, but for delta.appendOnly: "
                + name);
      }
    }
  }

  /**
   * Puts rows in the place of those that meet a condition, in one transaction; makes the table
   * where there is none. The transaction fails where another one has changed such rows since it
   * began.
   *
   * @param condition on the columns that the table is partitioned by, which all rows meet
   * @throws InvalidConfigurationException where the table cannot take these columns or options
   */
  public void replace(Dataset<Row> rows, String condition) {
    save(
        writer(rows)
            .option("replaceWhere", condition)
            .option("partitionOverwriteMode", "static")); // whatever the session's is
  }

  /**
   * Puts rows, with their columns, in the place of all that the table has, in one transaction;
   * makes the table where there is none.
   *
   * @throws InvalidConfigurationException where the table cannot take these columns or options
   */
  public void overwrite(Dataset<Row> rows) {
    save(writer(rows).option("overwriteSchema", "true").option("partitionOverwriteMode", "static"));
  }

  private DataFrameWriter<Row> writer(Dataset<Row> rows) {
    return rows.write()
        .format(FORMAT)
        .options(options)
        .mode(SaveMode.Overwrite)
        .partitionBy(partitions.toArray(String[]::new));
  }

  private void save(DataFrameWriter<Row> writer) {
    try {
      writer.save(path);
    } catch (Exception wrong) {
      throw explained(wrong);
    }
  }

  private static RuntimeException explained(Exception wrong) {
    if (wrong instanceof SparkThrowable said && SETTINGS_MISSING.equals(said.getCondition())) {
      return new InvalidConfigurationException(
          "output.format = delta needs settings that this Spark session was started without:"
              + " spark.sql.extensions = io.delta.sql.DeltaSparkSessionExtension and"
              + " spark.sql.catalog.spark_catalog ="
              + " org.apache.spark.sql.delta.catalog.DeltaCatalog",
          wrong);
    }
    return ResultSink.explained(wrong);
  }

  /** Tells whether a write may bring columns that the table has not. */
  public boolean mergesColumns() {
    return Boolean.parseBoolean(options.get(MERGE_SCHEMA));
  }

  /** Reads the table as it is now, with all its columns. */
  public Dataset<Row> read(SparkSession spark) {
    try {
      return spark.read().format(FORMAT).load(path);
    } catch (Exception wrong) {
      throw explained(wrong);
    }
  }
}
