package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Is the folder of a configuration's work: the rows that runs have taken from the input, in files
 * that are never changed. {@code intake=N} holds what the Nth intake took, {@code rest=N} what the
 * Nth batch left unanswered of its own rows, at a limit, {@code replay=N} the rows of the dead
 * letters that were open after the Nth batch.
 */
final class WorkFolder {
  private static final String INTAKE = "intake=";
  private static final String REST = "rest=";
  private static final String REPLAY = "replay=";

  /** Begins with an underscore, so that nobody reads it as data. */
  static final String MANIFEST = "_manifest.json";

  /** Lies in a replay of which nothing is left to answer. */
  private static final String TRIED = "_tried";

  private final StoredPath folder;

  WorkFolder(StoredPath folder) {
    this.folder = folder;
  }

  /** Returns the whole folder, which the query reads. */
  String path() {
    return folder.toString();
  }

  /** Returns the rows that all intakes took. */
  long rows() throws IOException {
    long rows = 0;
    for (StoredPath intake : finished(INTAKE)) {
      rows += manifest(intake).rows();
    }
    return rows;
  }

  /** Returns the rows of the file that a row lies in, on average over all that intakes took. */
  double rowsOfFile() throws IOException {
    double rows = 0;
    double squares = 0; // of rows of a file, summed up over rows
    for (StoredPath intake : finished(INTAKE)) {
      WorkManifest manifest = manifest(intake);
      rows += manifest.rows();
      squares +=
          manifest.rows() * ((double) manifest.rows() / Math.max(1, manifest.files().size()));
    }
    return rows == 0 ? 1 : squares / rows;
  }

  /** Reads what all intakes took; empty where there is none. */
  List<String> intakes() throws IOException {
    return finished(INTAKE).stream().map(StoredPath::toString).toList();
  }

  /** Reads files of work. */
  static Dataset<Row> read(SparkSession spark, StructType columns, List<String> folders) {
    return spark.read().schema(columns).parquet(folders.toArray(String[]::new));
  }

  /** Returns where the next intake goes. */
  StoredPath nextIntake() throws IOException {
    long last = 0;
    for (StoredPath intake : finished(INTAKE)) {
      last = Math.max(last, number(intake, INTAKE));
    }
    return folder.child(INTAKE + number(last + 1));
  }

  /** Returns where what a batch leaves goes. */
  StoredPath rest(long batch) {
    return folder.child(REST + number(batch));
  }

  /** Returns where the rows of the letters go that are open after a batch. */
  StoredPath replay(long batch) {
    return folder.child(REPLAY + number(batch));
  }

  /** Returns the batch up to which dead letters have become work; empty where none has. */
  OptionalLong lastReplay() throws IOException {
    OptionalLong last = OptionalLong.empty();
    for (StoredPath replay : finished(REPLAY)) {
      last = OptionalLong.of(Math.max(last.orElse(-1), number(replay, REPLAY)));
    }
    return last;
  }

  /**
   * Returns the batch up to which all letters that have become work were tried to the end; empty
   * where there is none.
   */
  OptionalLong lastTriedReplay() throws IOException {
    OptionalLong last = OptionalLong.empty();
    for (StoredPath replay : finished(REPLAY)) {
      if (replay.child(TRIED).exists()) {
        last = OptionalLong.of(Math.max(last.orElse(-1), number(replay, REPLAY)));
      }
    }
    return last;
  }

  /** Returns the rows of letters that are work and were not all tried to the end. */
  long retried() throws IOException {
    long rows = 0;
    for (StoredPath replay : finished(REPLAY)) {
      rows += replay.child(TRIED).exists() ? 0 : manifest(replay).rows();
    }
    return rows;
  }

  /** Notes that no row of a replay is left: each has an answer, or another letter. */
  void tried() throws IOException {
    for (StoredPath replay : finished(REPLAY)) {
      if (!replay.child(TRIED).exists()) {
        replay.child(TRIED).write(new byte[0]);
      }
    }
  }

  /** Returns what each intake has kept of its input, from the first to the last. */
  List<JsonNode> inputs() throws IOException {
    List<JsonNode> inputs = new ArrayList<>();
    for (StoredPath intake : finished(INTAKE)) {
      JsonNode input = manifest(intake).input();
      if (!input.isMissingNode()) {
        inputs.add(input);
      }
    }
    return inputs;
  }

  /**
   * Says that a folder of work is whole.
   *
   * @param input what later intakes need to know of the input; missing where there is nothing
   */
  void finish(StoredPath work, long rows, JsonNode input) throws IOException {
    work.child(MANIFEST).write(new WorkManifest(rows, files(work), input).json());
  }

  /** Returns the names of the files with rows that are in a folder. */
  static List<String> files(StoredPath folder) throws IOException {
    return folder.children().stream()
        .map(StoredPath::name)
        .filter(name -> !name.startsWith("_") && !name.startsWith("."))
        .toList();
  }

  /**
   * Removes what a killed run has left: an intake that was not finished, and what is left of a
   * batch that is answered again.
   *
   * @param counts tells the batches whose rest stays
   * @throws IOException where another run has taken the lock
   */
  void removeUnfinished(CountingBatches counts, RunControl control) throws IOException {
    for (StoredPath work : folder.children()) {
      boolean open = work.name().startsWith(REST) && !counts.has(number(work, REST));
      if (open || !work.child(MANIFEST).exists()) {
        control.check();
        work.child(MANIFEST).delete(); // first: half a folder that says it is whole stops all runs
        work.delete();
      }
    }
  }

  /**
   * Refuses work of which files are missing: Spark would leave them out without a word.
   *
   * @param last batch that was committed; what later ones have left is made anew
   * @throws InvalidConfigurationException names one
   */
  void requireWhole(long last) throws IOException {
    List<String> missing = missing(last);
    if (!missing.isEmpty()) {
      throw new InvalidConfigurationException(
          "Files with rows that earlier runs have taken are missing beside the output, so that no"
              + " run can go on with it; restore them, or begin anew with output.mode = overwrite: "
              + missing.size()
              + " files, such as "
              + missing.get(0));
    }
  }

  /**
   * Returns the files that should be there and are not.
   *
   * @param last batch of which a rest is looked at
   */
  List<String> missing(long last) throws IOException {
    List<String> missing = new ArrayList<>();
    for (String kind : List.of(INTAKE, REST, REPLAY)) {
      for (StoredPath work : finished(kind)) {
        if (!kind.equals(REST) || number(work, REST) <= last) {
          missing.addAll(missing(work));
        }
      }
    }
    return missing;
  }

  /** Returns the files that should be in a finished folder of work and are not. */
  static List<String> missing(StoredPath work) throws IOException {
    Set<String> there = new HashSet<>();
    work.children().forEach(file -> there.add(file.name()));
    return manifest(work).files().stream()
        .filter(file -> !there.contains(file))
        .map(file -> work.child(file).toString())
        .toList();
  }

  private List<StoredPath> finished(String kind) throws IOException {
    List<StoredPath> finished = new ArrayList<>();
    for (StoredPath work : folder.children()) {
      if (work.name().startsWith(kind) && work.child(MANIFEST).exists()) {
        finished.add(work);
      }
    }
    return finished;
  }

  /** Reads what a finished folder of work says of itself. */
  static WorkManifest manifest(StoredPath work) throws IOException {
    StoredPath file = work.child(MANIFEST);
    return WorkManifest.parse(
        file.bytes().orElseThrow(() -> new IOException("A file has gone: " + file)), file);
  }

  private static String number(long number) {
    return String.format(Locale.ROOT, "%06d", number);
  }

  private static long number(StoredPath work, String kind) throws IOException {
    try {
      return Long.parseLong(work.name().substring(kind.length()));
    } catch (NumberFormatException wrong) {
      throw new IOException("A folder beside the output is none of a run's; remove it: " + work);
    }
  }
}
