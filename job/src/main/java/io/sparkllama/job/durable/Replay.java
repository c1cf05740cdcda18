package io.sparkllama.job.durable;

import io.sparkllama.job.pipeline.PreparedRows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Makes work of the rows of all open dead letters, which the usual batches then try again. A killed
 * replay leaves either the letters or the work.
 */
public final class Replay {
  private final DurableJob job;
  private final ConfigurationFolder folder;
  private final RunControl control;

  public Replay(DurableJob job, ConfigurationFolder folder, RunControl control) {
    this.job = job;
    this.folder = folder;
    this.control = control;
  }

  /**
   * Makes the work, in one action; none where there is no letter.
   *
   * @return its rows
   * @throws IOException where rows of letters are missing
   */
  public long take() throws IOException {
    control.check();
    List<DeadLetter> letters = folder.openLetters();
    if (letters.isEmpty()) {
      return 0;
    }
    long last = letters.get(letters.size() - 1).batch();
    Dataset<Row> rows = rows(letters);
    SparkSession spark = rows.sparkSession();
    StoredPath work = folder.work().replay(last);
    long written =
        new Intake(folder, job.settings(), control)
            .write(
                work,
                job.prepared().with(rows),
                letters.size(),
                job.spread().anew(letters.size(), spark.sparkContext().defaultParallelism()));
    if (written != letters.size()) {
      work.delete();
      throw lost(written, letters.size());
    }
    return written;
  }

  private Dataset<Row> rows(List<DeadLetter> letters) throws IOException {
    List<String> folders = new ArrayList<>();
    for (long batch : letters.stream().mapToLong(DeadLetter::batch).distinct().toArray()) {
      folders.add(folder.deadLetters().rows(batch).toString());
    }
    PreparedRows prepared = job.prepared();
    Dataset<Row> rows =
        WorkFolder.read(
                prepared.rows().sparkSession(), prepared.rows().schema().asNullable(), folders)
            .select(
                Arrays.stream(prepared.rows().columns())
                    .map(name -> functions.col(name))
                    .toArray(Column[]::new));
    long count = rows.count();
    if (count != letters.size()) {
      throw lost(count, letters.size());
    }
    return rows;
  }

  private IOException lost(long found, long wanted) {
    return new IOException(
        "Rows of dead letters are missing beside the output, so that they cannot be tried again;"
            + " restore them: "
            + found
            + " of "
            + wanted
            + " rows below "
            + folder.deadLetters().path());
  }
}
