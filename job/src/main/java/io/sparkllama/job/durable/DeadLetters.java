package io.sparkllama.job.durable;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Is the folder of a configuration's dead letters: {@code batch=N} holds those of the Nth batch, as
 * lines of JSON, and beside them, hidden from readers, their rows as files of work have them.
 */
final class DeadLetters {
  private static final String BATCH = "batch=";
  private static final String LETTERS = "letters.json";

  /** Begins with an underscore, so that who reads the letters does not read them. */
  private static final String ROWS = "_rows";

  private final StoredPath folder;

  DeadLetters(StoredPath folder) {
    this.folder = folder;
  }

  /** Returns the whole folder. */
  String path() {
    return folder.toString();
  }

  /** Returns where the rows of a batch's letters are kept. */
  StoredPath rows(long batch) {
    return rows(of(batch));
  }

  /** Returns the same of letters that are in a place of their own still. */
  static StoredPath rows(StoredPath letters) {
    return letters.child(ROWS);
  }

  /** Writes letters to a place, after their rows. */
  static void write(StoredPath place, List<DeadLetter> letters) throws IOException {
    StringBuilder lines = new StringBuilder();
    letters.forEach(letter -> lines.append(letter.json()).append('\n'));
    place.child(LETTERS).write(lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads the letters of some batches, from the first to the last.
   *
   * @param after the number before the first
   * @param last the last one's; those after it are of no batch that was committed
   * @throws InvalidConfigurationException where a file is damaged or gone
   */
  List<DeadLetter> read(long after, long last) throws IOException {
    List<DeadLetter> letters = new ArrayList<>();
    for (StoredPath batch : folder.children()) {
      long number = number(batch);
      if (number > after && number <= last) {
        StoredPath file = batch.child(LETTERS);
        byte[] bytes = file.bytes().orElseThrow(() -> DeadLetter.damaged(file, null));
        for (String line : new String(bytes, StandardCharsets.UTF_8).lines().toList()) {
          letters.add(DeadLetter.parse(line, number, file));
        }
      }
    }
    return letters;
  }

  /**
   * Refuses letters without their rows: those must be there on the day of a replay.
   *
   * @throws InvalidConfigurationException says which are missing
   */
  void requireRows(List<DeadLetter> letters) throws IOException {
    Map<Long, Integer> byBatch = new TreeMap<>();
    letters.forEach(letter -> byBatch.merge(letter.batch(), 1, Integer::sum));
    for (Map.Entry<Long, Integer> batch : byBatch.entrySet()) {
      requireRows(rows(batch.getKey()), batch.getValue());
    }
  }

  private static void requireRows(StoredPath rows, int letters) throws IOException {
    List<String> missing =
        rows.child(WorkFolder.MANIFEST).exists() ? WorkFolder.missing(rows) : List.of("all");
    if (!missing.isEmpty() || WorkFolder.manifest(rows).rows() != letters) {
      throw new InvalidConfigurationException(
          "Rows of dead letters are missing beside the output, so that they cannot be tried again;"
              + " restore them, or begin anew with output.mode = overwrite: "
              + rows
              + (missing.isEmpty() ? ", of " + letters + " letters" : ", missing: " + missing));
    }
  }

  /** Returns how often each row was set aside before a batch, by the digits of its key. */
  Map<String, Integer> attemptsBefore(long batch) throws IOException {
    Map<String, Integer> attempts = new HashMap<>();
    read(-1, batch - 1)
        .forEach(letter -> attempts.merge(letter.row(), letter.attempt(), Math::max));
    return attempts;
  }

  /**
   * Removes those of a batch that is answered again.
   *
   * @param counts tells the batches whose letters stay
   * @throws IOException where another run has taken the lock
   */
  void removeOpen(CountingBatches counts, RunControl control) throws IOException {
    for (StoredPath batch : folder.children()) {
      if (!counts.has(number(batch))) {
        control.check();
        batch.delete();
      }
    }
  }

  /** Returns where the letters of a batch are kept. */
  StoredPath of(long batch) {
    return folder.child(BATCH + String.format(Locale.ROOT, "%06d", batch));
  }

  private static long number(StoredPath batch) throws IOException {
    if (!batch.name().matches(BATCH + "\\d{1,18}")) {
      throw new IOException("A folder beside the output is none of a run's; remove it: " + batch);
    }
    return Long.parseLong(batch.name().substring(BATCH.length()));
  }
}
