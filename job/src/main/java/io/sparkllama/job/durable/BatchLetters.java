package io.sparkllama.job.durable;

import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.pipeline.KeyFilter;
import io.sparkllama.job.planning.RowSpread;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Writes the dead letters of a batch, after its rows: their own rows first, from which a replay
 * makes work, then the letters. Until the batch is committed they count for nothing.
 */
final class BatchLetters {
  /** A longer key is a text of its own, and stands in a letter as its hash. */
  private static final int LONGEST_KEY = 200;

  private final DurableJob job;
  private final ConfigurationFolder folder;
  private final RunControl control;
  private final Clock clock;

  BatchLetters(DurableJob job, ConfigurationFolder folder, RunControl control) {
    this.job = job;
    this.folder = folder;
    this.control = control;
    this.clock = Clock.systemUTC();
  }

  /**
   * Writes the letters. Rows that share a key cannot be told apart, so that those of them which
   * have no answer are letters together, also where a limit has left some untried.
   *
   * @param place where they go, with their rows
   * @param unanswered rows of the batch that its output has not
   * @param dead what tasks say of rows that the engine could not run, at least one
   * @return the letters
   */
  List<DeadLetter> write(StoredPath place, Dataset<Row> unanswered, long number, List<DeadRow> dead)
      throws IOException {
    Map<String, Deque<DeadRow>> byKey = new HashMap<>();
    dead.forEach(row -> byKey.computeIfAbsent(row.row(), any -> new ArrayDeque<>()).add(row));
    KeyFilter filter = job.prepared().ofKeys(byKey.keySet());
    RowSpread one = new RowSpread(job.spread().equalPrompts(), 1);
    StoredPath rows = DeadLetters.rows(place);
    long written =
        new Intake(folder, job.settings(), control)
            .write(rows, job.prepared().with(filter.in(unanswered)), dead.size(), one);
    if (written < dead.size()) {
      throw new IOException(
          "The rows that the engine could not run are not found among those of their batch; the"
              + " output may keep values otherwise than it was given them: "
              + written
              + " of "
              + dead.size()
              + " rows in batch "
              + number);
    }
    List<DeadLetter> letters = letters(rows, filter, byKey, number);
    DeadLetters.write(place, letters);
    return letters;
  }

  private List<DeadLetter> letters(
      StoredPath written, KeyFilter filter, Map<String, Deque<DeadRow>> dead, long number)
      throws IOException {
    Map<String, Integer> attempts = folder.deadLetters().attemptsBefore(number);
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    List<DeadLetter> letters = new ArrayList<>();
    Dataset<Row> rows =
        WorkFolder.read(
            job.prepared().rows().sparkSession(),
            job.prepared().rows().schema().asNullable(),
            List.of(written.toString()));
    for (Iterator<Row> each = rows.toLocalIterator(); each.hasNext(); ) {
      Row row = each.next();
      String key = filter.key(row);
      Deque<DeadRow> ofKey = dead.get(key);
      DeadRow said = ofKey.remove();
      if (ofKey.isEmpty()) {
        ofKey.add(said.asRepeated()); // for rows of this key of which no task has told
      }
      letters.add(
          new DeadLetter(
              filter.keyTexts(row).stream().map(BatchLetters::shown).toList(),
              key,
              said.errorClass(),
              said.message(),
              attempts.getOrDefault(key, 0) + 1,
              number,
              now,
              said.repeated()));
    }
    return letters;
  }

  private static String shown(String text) {
    if (text == null || text.length() <= LONGEST_KEY) {
      return String.valueOf(text);
    }
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return String.format(Locale.ROOT, "sha256:%064x", new BigInteger(1, digest));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every Java platform has SHA-256.", impossible);
    }
  }
}
