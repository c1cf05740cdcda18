package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.ChangedOutput;
import io.sparkllama.job.sink.Fingerprint;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.storage.StorageConnector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Is the folder of an output, with the rows of each configuration that runs have had. */
public final class OutputFolder {
  /** Begins with an underscore, so that nobody reads what lies in it as rows. */
  static final String STATE = "_sparkllama";

  /** Lies there while it is tried whether a format takes a job's columns. */
  static final String EMPTY = "empty";

  private static final String LOCK = "lock";
  private static final String NAME = "v\\d+-[0-9a-f]+";

  private final StoredPath folder;
  private final BatchStore batches;

  private OutputFolder(StoredPath folder, BatchStore batches) {
    this.folder = folder;
    this.batches = batches;
  }

  /**
   * Finds the storage of an output; there need be nothing yet.
   *
   * @param sink of a kind that has batches
   * @throws IOException where the storage cannot be reached; trying again may help
   */
  public static OutputFolder of(ResultSink sink, SparkSession spark) throws IOException {
    Path path = new Path(sink.name());
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    StoredPath folder = new StoredPath(StorageConnector.open(path, hadoop, "output.path"), path);
    return switch (sink.kind()) {
      case FILES -> new OutputFolder(folder, new BatchFolders(folder, sink, spark));
      case DELTA_TABLE ->
          new OutputFolder(
              folder, new BatchTable(folder, sink.table(BatchTable.PARTITIONS), spark));
      case ONE_ACTION ->
          throw new IllegalArgumentException("An output without batches has no folder.");
    };
  }

  /**
   * Makes sure that rows of a configuration that begins can be kept, before any work.
   *
   * @throws InvalidConfigurationException where the format cannot take these columns or options
   */
  public void admit(ConfigurationFolder configuration, StructType columns) throws IOException {
    batches.admit(configuration.name(), columns);
  }

  StoredPath lock() {
    return folder.child(STATE).child(LOCK);
  }

  boolean exists() throws IOException {
    return folder.exists();
  }

  /** Removes what an output that never began keeps of its runs, where that is nothing. */
  void removeEmptyState() throws IOException {
    folder.child(STATE).deleteEmpty();
  }

  /** Removes the folder of an output that never began, where nothing lies in it. */
  void removeEmpty() throws IOException {
    folder.deleteEmpty();
  }

  /**
   * Removes all rows, and all that runs know of them, to make place for others.
   *
   * @param columns of these others
   * @throws InvalidConfigurationException where the format cannot take these; nothing is removed
   * @throws IOException where another run has taken the lock, which may have written rows by now
   */
  public void clear(StructType columns, RunControl control) throws IOException {
    batches.clear(columns, control);
    for (StoredPath child : folder.child(STATE).children()) {
      if (!child.name().equals(EMPTY) && !child.name().equals(LOCK)) {
        control.check();
        child.delete();
      }
    }
  }

  /**
   * Says what rows are made with before the first of them, and removes what a killed run has left
   * unfinished. A configuration that begins has a first batch without rows: an output has its
   * columns also where the input has no rows.
   *
   * @throws IOException where another run has taken the lock
   */
  public void begin(ConfigurationFolder configuration, Fingerprint fingerprint, RunControl control)
      throws IOException {
    configuration.begin(fingerprint, control);
    batches.begin(configuration);
  }

  /**
   * Returns where rows of a configuration go: where such rows are already, or beside those of
   * others.
   *
   * @param now what the run has
   * @param dates whether rows of another date count as the same configuration
   * @throws InvalidConfigurationException where the output holds something else
   */
  public ConfigurationFolder choose(Fingerprint now, OtherDates dates, ChangedOutput changed)
      throws IOException {
    List<ConfigurationFolder> known = known();
    batches.requireKnown(known.stream().map(ConfigurationFolder::name).collect(Collectors.toSet()));
    Fingerprint nearest = null;
    Fingerprint nearestWanted = now;
    for (ConfigurationFolder one : known) {
      Fingerprint made = one.fingerprint().orElseThrow();
      Fingerprint wanted = dates == OtherDates.COUNT_AS_SAME ? now.on(made.date()) : now;
      if (made.equals(wanted)) {
        return one;
      }
      boolean nearer =
          nearest == null
              || made.differences(wanted).size() < nearest.differences(nearestWanted).size();
      if (nearer && one.holdsWork()) {
        nearest = made;
        nearestWanted = wanted;
      }
    }
    if (nearest != null && changed == ChangedOutput.REFUSE) {
      nearest.refuseOther(nearestWanted);
    }
    return configuration(now);
  }

  /** Says whether rows of another date count as the same configuration. */
  public enum OtherDates {
    COUNT_AS_SAME,
    DIFFER
  }

  /** Returns where rows of a configuration go in an output that holds nothing else. */
  public ConfigurationFolder configuration(Fingerprint now) {
    return new ConfigurationFolder(folder, batches, now.name());
  }

  /**
   * Refuses columns that tell batches apart.
   *
   * @throws InvalidConfigurationException names one
   */
  public static void checkColumns(StructType output) {
    for (String column : output.fieldNames()) {
      String name = column.toLowerCase(Locale.ROOT);
      if (name.equals(ConfigurationFolder.COLUMN)
          || name.equals(ConfigurationFolder.BATCH_COLUMN)) {
        throw new InvalidConfigurationException(
            "The output has columns configuration and batch of its own, so that no other column can"
                + " be called so; rename the input's column, or leave it out of output.columns: "
                + column);
      }
    }
  }

  /** Returns what intakes of any configuration have kept of their input. */
  public List<JsonNode> inputs() throws IOException {
    List<JsonNode> inputs = new ArrayList<>();
    for (ConfigurationFolder one : known()) {
      inputs.addAll(one.work().inputs());
    }
    return inputs;
  }

  /** Returns the dead letters that nobody has tried again since, by their configuration. */
  public Map<String, List<DeadLetter>> openLetters() throws IOException {
    Map<String, List<DeadLetter>> letters = new TreeMap<>();
    for (ConfigurationFolder one : known()) {
      letters.put(one.name(), one.openLetters());
    }
    return letters;
  }

  /** Returns the letters of which a replay has made work that is not answered yet. */
  public Map<String, List<DeadLetter>> retriedLetters() throws IOException {
    Map<String, List<DeadLetter>> letters = new TreeMap<>();
    for (ConfigurationFolder one : known()) {
      letters.put(one.name(), one.retriedLetters());
    }
    return letters;
  }

  private List<ConfigurationFolder> known() throws IOException {
    List<ConfigurationFolder> known = new ArrayList<>();
    for (StoredPath child : folder.child(STATE).children()) {
      ConfigurationFolder one = new ConfigurationFolder(folder, batches, child.name());
      if (child.name().matches(NAME) && one.fingerprint().isPresent()) {
        known.add(one);
      }
    }
    return known;
  }
}
