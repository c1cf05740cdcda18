package io.sparkllama.job.durable;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.sink.Fingerprint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * Is what an output holds of one configuration: rows in batches, and beside them, hidden from
 * readers, what a run needs to go on.
 */
public final class ConfigurationFolder {
  static final String COLUMN = "configuration";
  static final String BATCH_COLUMN = "batch";

  private static final String FINGERPRINT = "fingerprint.json";

  private final String name;
  private final StoredPath state;
  private final BatchStore batches;

  ConfigurationFolder(StoredPath output, BatchStore batches, String name) {
    this.name = name;
    this.state = output.child(OutputFolder.STATE).child(name);
    this.batches = batches;
  }

  /** Returns the value of the output's column of this name. */
  public String name() {
    return name;
  }

  /** Says where all rows are. */
  public String rows() {
    return batches.place(name);
  }

  /** Returns the rows that are there; none is read yet. */
  public Dataset<Row> written(StructType columns) throws IOException {
    return read(BatchRange.upTo(Long.MAX_VALUE), columns);
  }

  Dataset<Row> read(BatchRange some, StructType columns) throws IOException {
    return batches.read(name, some, columns);
  }

  long count(BatchRange some, StructType columns) throws IOException {
    return batches.count(name, some, columns);
  }

  /** Puts rows in the place of those of a batch. */
  void replace(Dataset<Row> rows, long batch) throws IOException {
    batches.replace(name, batch, rows);
  }

  /** Says where the rows of a batch are. */
  String place(long batch) {
    return batches.place(name, batch);
  }

  WorkFolder work() {
    return new WorkFolder(state.child("work"));
  }

  /** Returns the folder that lists what an intake sets aside. */
  String setAside(String intake) {
    return setAsideFolder(intake).toString();
  }

  StoredPath setAsideFolder(String intake) {
    return state.child("set-aside").child(intake);
  }

  DeadLetters deadLetters() {
    return new DeadLetters(state.child("dead-letters"));
  }

  /** Returns the folder of all dead letters. */
  public String deadLetterList() {
    return deadLetters().path();
  }

  /**
   * Returns the rows that the engine could not run and that nobody has tried again since, from the
   * first batch to the last.
   */
  public List<DeadLetter> openLetters() throws IOException {
    List<DeadLetter> open =
        deadLetters().read(work().lastReplay().orElse(-1), lastCommitted().orElse(-1));
    deadLetters().requireRows(open);
    return open;
  }

  /**
   * Returns the letters that a replay has made work of, as far as nothing says that their rows were
   * tried to the end since: some of these may have an answer already, none has another letter.
   */
  public List<DeadLetter> retriedLetters() throws IOException {
    long closed = work().lastReplay().orElse(-1);
    List<DeadLetter> all =
        deadLetters().read(work().lastTriedReplay().orElse(-1), lastCommitted().orElse(-1));
    Map<String, Integer> again = new HashMap<>(); // letters since, by row: of several equal ones
    List<DeadLetter> retried = new ArrayList<>();
    for (DeadLetter letter : all) {
      if (letter.batch() > closed) {
        again.merge(letter.row(), 1, Integer::sum);
      }
    }
    for (DeadLetter letter : all) {
      if (letter.batch() <= closed && again.merge(letter.row(), -1, Integer::sum) < 0) {
        retried.add(letter);
      }
    }
    return retried;
  }

  /** Notes that all rows which were taken have their answers or letters. */
  public void answered() throws IOException {
    work().tried();
  }

  /**
   * Refuses to write what belongs to a batch that is committed: as where another run has taken over
   * meanwhile, and has answered it.
   */
  void requireOpen(long batch) throws IOException {
    if (lastCommitted().orElse(-1) >= batch) {
      throw new IOException(
          "A batch was committed by another run, so that this one writes nothing more of it; run"
              + " the job again with output.mode = resume: "
              + place(batch));
    }
  }

  String checkpoint() {
    return checkpointFolder().toString();
  }

  private StoredPath checkpointFolder() {
    return state.child("checkpoint");
  }

  /** Tells whether there are rows, or a batch that could hold some. */
  boolean holdsBatches() throws IOException {
    return hasCheckpoint() || !batches.batches(name).isEmpty();
  }

  /** Returns what the rows were made with; empty where nothing says so. */
  public Optional<Fingerprint> fingerprint() throws IOException {
    StoredPath file = state.child(FINGERPRINT);
    return file.bytes()
        .map(
            bytes -> Fingerprint.parse(new String(bytes, StandardCharsets.UTF_8), file.toString()));
  }

  /** Says what the rows are made with, and removes what a killed run has left unfinished. */
  void begin(Fingerprint fingerprint) throws IOException {
    if (fingerprint().isEmpty()) {
      state.child(FINGERPRINT).write(fingerprint.json().getBytes(StandardCharsets.UTF_8));
    }
    work().removeUnfinished(lastCommitted());
    deadLetters().removeAfter(lastCommitted().orElse(-1));
  }

  /** Tells whether no batch was ever begun. */
  public boolean begins() throws IOException {
    return !hasCheckpoint();
  }

  /** Tells whether the query has ever begun. */
  boolean hasCheckpoint() throws IOException {
    return checkpointFolder().child("metadata").exists();
  }

  /** Returns the last batch that the query has committed. */
  OptionalLong lastCommitted() throws IOException {
    return checkpointFolder().child("commits").children().stream()
        .map(StoredPath::name)
        .filter(commit -> commit.matches("\\d{1,18}"))
        .mapToLong(Long::parseLong)
        .max();
  }

  /**
   * Returns the committed batches.
   *
   * @throws InvalidConfigurationException where one is missing, or the checkpoint is older than the
   *     rows
   */
  BatchRange committed() throws IOException {
    long last = lastCommitted().orElse(-1);
    batches.requireCommitted(name, last);
    for (long batch : batches.batches(name)) {
      if (batch > last + 1) {
        throw new InvalidConfigurationException(
            "The output has batches of which its checkpoint does not know, so that a run would"
                + " answer rows twice; restore the checkpoint, or begin anew with output.mode ="
                + " overwrite: "
                + place(batch));
      }
    }
    return BatchRange.upTo(last);
  }
}
