package io.sparkllama.job.durable;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.sink.DeltaTable;
import io.sparkllama.job.sink.ResultSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Keeps each batch as files in a folder of its own, {@code configuration=NAME/batch=N}: Spark reads
 * two columns off its name.
 */
final class BatchFolders implements BatchStore {
  private static final String CONFIGURATION = ConfigurationFolder.COLUMN + "=";
  private static final String BATCH = ConfigurationFolder.BATCH_COLUMN + "=";

  private final StoredPath output;
  private final ResultSink sink;
  private final SparkSession spark;

  BatchFolders(StoredPath output, ResultSink sink, SparkSession spark) {
    this.output = output;
    this.sink = sink;
    this.spark = spark;
  }

  @Override
  public void requireKnown(Set<String> configurations) throws IOException {
    if (output.child(DeltaTable.LOG).exists()) {
      throw new InvalidConfigurationException(
          "The output is a Delta table, whose readers would not see files beside its own; set"
              + " output.format = delta, write somewhere else, or begin anew with output.mode ="
              + " overwrite: "
              + output);
    }
    for (StoredPath child : output.children()) {
      String name = child.name();
      boolean ours =
          name.startsWith(CONFIGURATION)
              && configurations.contains(name.substring(CONFIGURATION.length()));
      if (!ours && !child.isHidden()) {
        throw new InvalidConfigurationException(
            "The output holds something of which nothing says what it was made with, so that no run"
                + " can go on with it; write somewhere else, or begin anew with output.mode ="
                + " overwrite: "
                + child);
      }
    }
  }

  /** Writes an output without rows, hidden. */
  @Override
  public void admit(String configuration, StructType columns) {
    probe(columns);
  }

  private void probe(StructType columns) {
    sink.replace(spark.createDataFrame(List.of(), columns), empty().toString());
  }

  @Override
  public void clear(StructType columns, RunControl control) throws IOException {
    probe(columns);
    for (StoredPath child : output.children()) {
      if (!child.name().equals(OutputFolder.STATE)) {
        control.check();
        child.delete();
      }
    }
  }

  @Override
  public void begin(ConfigurationFolder configuration) throws IOException {
    StoredPath first = batch(configuration.name(), 0);
    if (!configuration.hasCheckpoint() && !first.exists()) {
      // Nothing in it has the name of another run's file: so who replaces it removes nothing else.
      empty().child(BatchFolder.SUCCESS).delete();
      empty().moveToFree(first);
    }
    empty().delete();
  }

  @Override
  public PublishedBatch published(ConfigurationFolder configuration, long batch) {
    return new BatchFolder(
        batch(configuration.name(), batch),
        configuration.work().rest(batch),
        configuration.deadLetters().of(batch));
  }

  @Override
  public List<Long> batches(String configuration) throws IOException {
    List<Long> batches = new ArrayList<>();
    for (StoredPath folder : rows(configuration).children()) {
      if (folder.name().matches(BATCH + "\\d{1,18}")) {
        batches.add(Long.parseLong(folder.name().substring(BATCH.length())));
      }
    }
    return batches;
  }

  @Override
  public void requireCommitted(String configuration, long last) throws IOException {
    List<Long> there = batches(configuration);
    for (long batch = 0; batch <= last; batch++) {
      if (!there.contains(batch)) {
        throw new InvalidConfigurationException(
            "A batch of the output is missing that a run had committed; restore it, or begin anew"
                + " with output.mode = overwrite: "
                + place(configuration, batch));
      }
    }
  }

  /** Reads only the ends of files where it is one batch and the format keeps counts. */
  @Override
  public long count(String configuration, BatchRange batches, StructType columns)
      throws IOException {
    List<String> folders = folders(configuration, batches);
    if (folders.isEmpty()) {
      return 0;
    }
    OptionalLong counted =
        sink.writesParquet() && folders.size() == 1
            ? ParquetFooters.rows(batch(configuration, batches.first()))
            : OptionalLong.empty();
    return counted.isPresent() ? counted.getAsLong() : sink.read(spark, columns, folders).count();
  }

  @Override
  public Dataset<Row> read(String configuration, BatchRange batches, StructType columns)
      throws IOException {
    return sink.read(spark, columns, folders(configuration, batches));
  }

  private List<String> folders(String configuration, BatchRange batches) throws IOException {
    return batches(configuration).stream()
        .filter(batches::holds)
        .map(batch -> place(configuration, batch))
        .toList();
  }

  @Override
  public String place(String configuration) {
    return rows(configuration).toString();
  }

  @Override
  public String place(String configuration, long batch) {
    return batch(configuration, batch).toString();
  }

  private StoredPath rows(String configuration) {
    return output.child(CONFIGURATION + configuration);
  }

  private StoredPath batch(String configuration, long number) {
    return rows(configuration).child(BATCH + String.format(Locale.ROOT, "%06d", number));
  }

  private StoredPath empty() {
    return output.child(OutputFolder.STATE).child(OutputFolder.EMPTY);
  }
}
