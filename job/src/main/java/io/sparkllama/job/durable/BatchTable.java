package io.sparkllama.job.durable;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.sink.DeltaTable;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Keeps batches in a Delta table that is partitioned by {@code configuration} and {@code batch}:
 * each transaction replaces one partition. A batch without rows leaves no trace in it.
 */
final class BatchTable implements BatchStore {
  static final List<String> PARTITIONS =
      List.of(ConfigurationFolder.COLUMN, ConfigurationFolder.BATCH_COLUMN);

  private final StoredPath output;
  private final DeltaTable table;
  private final SparkSession spark;

  /** Rows by configuration and batch; null where they were not counted since the last write. */
  private volatile Map<String, NavigableMap<Long, Long>> contents;

  BatchTable(StoredPath output, DeltaTable table, SparkSession spark) {
    this.output = output;
    this.table = table;
    this.spark = spark;
  }

  /** Tells whether there is a table; one that Delta has refused to make may leave an empty log. */
  private boolean exists() throws IOException {
    return !output.child(DeltaTable.LOG).children().isEmpty();
  }

  @Override
  public void requireKnown(Set<String> configurations) throws IOException {
    if (!exists()) {
      requireNothing();
      return;
    }
    List<String> columns = List.of(table.read(spark).columns());
    if (!columns.containsAll(PARTITIONS)) {
      throw new InvalidConfigurationException(
          "The output is a Delta table that no run of spark-llama has made, since it has no columns"
              + " configuration and batch; write somewhere else, or replace it with output.mode ="
              + " overwrite: "
              + output);
    }
    for (String configuration : contents().keySet()) {
      if (!configurations.contains(configuration)) {
        throw new InvalidConfigurationException(
            "The output is a Delta table with rows of which nothing says what they were made with,"
                + " so that no run can go on with it; write somewhere else, or replace it with"
                + " output.mode = overwrite: "
                + place(configuration));
      }
    }
  }

  private void requireNothing() throws IOException {
    for (StoredPath child : output.children()) {
      if (!child.isHidden()) {
        throw new InvalidConfigurationException(
            "The output holds something that belongs to no Delta table, so that none can begin"
                + " there; write somewhere else, or begin anew with output.mode = overwrite: "
                + child);
      }
    }
  }

  /** Writes the first batch, without rows; makes the table where there is none. */
  @Override
  public void admit(String configuration, StructType columns) throws IOException {
    if (exists() && !table.mergesColumns()) {
      requireColumns(columns);
    }
    replace(configuration, 0, noRows(columns));
  }

  private void requireColumns(StructType columns) {
    Set<String> there = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    there.addAll(List.of(table.read(spark).columns()));
    for (String column : columns.fieldNames()) {
      if (!there.contains(column)) {
        throw new InvalidConfigurationException(
            "The Delta table of the output lacks a column of this job's; let it be added with"
                + " output.options.mergeSchema = true, write somewhere else, or begin anew with"
                + " output.mode = overwrite: "
                + column);
      }
    }
  }

  /** Leaves a table that is there, with its history, and removes all else. */
  @Override
  public void clear(StructType columns, RunControl control) throws IOException {
    boolean replaced = exists();
    contents = null;
    control.check();
    table.overwrite(marked(noRows(columns), "", 0));
    for (StoredPath child : replaced ? List.<StoredPath>of() : output.children()) {
      if (!child.name().equals(OutputFolder.STATE) && !child.name().equals(DeltaTable.LOG)) {
        control.check();
        child.delete(); // of another format
      }
    }
  }

  private Dataset<Row> noRows(StructType columns) {
    return spark.createDataFrame(List.of(), columns);
  }

  /** Does nothing: the table has the columns since the configuration was admitted. */
  @Override
  public void begin(ConfigurationFolder configuration) {}

  @Override
  public PublishedBatch published(ConfigurationFolder configuration, long batch) {
    return new BatchPartition(this, configuration, batch);
  }

  /** Puts rows in the place of those of a batch, in one transaction. */
  void replace(String configuration, long batch, Dataset<Row> rows) {
    contents = null;
    table.replace(
        marked(rows, configuration, batch), condition(configuration) + " AND batch = " + batch);
  }

  private static Dataset<Row> marked(Dataset<Row> rows, String configuration, long batch) {
    return rows.withColumn(ConfigurationFolder.COLUMN, lit(configuration))
        .withColumn(ConfigurationFolder.BATCH_COLUMN, lit(Math.toIntExact(batch)));
  }

  /** A name of a configuration has no quotes. */
  private static String condition(String configuration) {
    return "configuration = '" + configuration + "'";
  }

  @Override
  public List<Long> batches(String configuration) throws IOException {
    return List.copyOf(counts(configuration).keySet());
  }

  /** A table shows no batch without rows: where others are missing, their rows are. */
  @Override
  public void requireCommitted(String configuration, long last) throws IOException {
    if (last >= 0 && !exists()) {
      throw new InvalidConfigurationException(
          "The Delta table of the output is missing, to which runs have committed batches; restore"
              + " it, or begin anew with output.mode = overwrite: "
              + output);
    }
  }

  @Override
  public long count(String configuration, BatchRange batches, StructType columns)
      throws IOException {
    if (batches.isEmpty() || !exists()) {
      return 0;
    }
    if (batches.first() == batches.last()) {
      return rows(configuration, batches).count();
    }
    return counts(configuration).entrySet().stream()
        .filter(entry -> batches.holds(entry.getKey()))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  @Override
  public Dataset<Row> read(String configuration, BatchRange batches, StructType columns) {
    return rows(configuration, batches)
        .select(
            Arrays.stream(columns.fieldNames())
                .map(name -> col("`" + name.replace("`", "``") + "`"))
                .toArray(Column[]::new));
  }

  private Dataset<Row> rows(String configuration, BatchRange batches) {
    return table
        .read(spark)
        .where(condition(configuration))
        .where(col(ConfigurationFolder.BATCH_COLUMN).between(batches.first(), batches.last()));
  }

  private NavigableMap<Long, Long> counts(String configuration) throws IOException {
    return contents().getOrDefault(configuration, new TreeMap<>());
  }

  private Map<String, NavigableMap<Long, Long>> contents() throws IOException {
    Map<String, NavigableMap<Long, Long>> known = contents;
    if (known == null) {
      known = counted();
      contents = known;
    }
    return known;
  }

  /** Counts the rows of all batches, in one action; reads no column but those of partitions. */
  private Map<String, NavigableMap<Long, Long>> counted() throws IOException {
    Map<String, NavigableMap<Long, Long>> counted = new TreeMap<>();
    if (!exists()) {
      return counted;
    }
    Dataset<Row> counts =
        table
            .read(spark)
            .groupBy(
                col(ConfigurationFolder.COLUMN), col(ConfigurationFolder.BATCH_COLUMN).cast("long"))
            .count();
    for (Row row : counts.collectAsList()) {
      long batch = row.isNullAt(1) ? Long.MAX_VALUE : row.getLong(1); // beyond all of a run's
      counted
          .computeIfAbsent(String.valueOf(row.getString(0)), any -> new TreeMap<>())
          .put(batch, row.getLong(2));
    }
    return counted;
  }

  @Override
  public String place(String configuration) {
    return output + ", " + condition(configuration);
  }

  @Override
  public String place(String configuration, long batch) {
    return place(configuration) + " and batch = " + batch;
  }
}
