package io.sparkllama.job.durable;

import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.planning.DoneRows;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * Is a batch while a run answers it: in a folder of the run's own, where no reader looks and no
 * other run writes, until it is published.
 */
final class OpenBatch {
  /** Hold, beside the rows, what readers of these skip, until it is brought to its place. */
  static final String REST = "_rest";

  static final String LETTERS = "_letters";

  private final DurableJob job;
  private final ConfigurationFolder folder;
  private final RunControl control;
  private final Dataset<Row> work;
  private final long number;
  private final StoredPath place;

  /**
   * @param work rows of the batch, of which the run may answer a part
   */
  OpenBatch(
      DurableJob job,
      ConfigurationFolder folder,
      RunControl control,
      Dataset<Row> work,
      long number) {
    this.job = job;
    this.folder = folder;
    this.control = control;
    this.work = work;
    this.number = number;
    this.place = folder.open(number, control.lock().run());
  }

  /** Answers rows, in one action. */
  void write(Dataset<Row> answers) {
    job.sink().replace(answers, place.toString());
  }

  /**
   * Makes sure that the folder holds the rows that were made for it: a failed task's files or a
   * storage's trouble would not be seen otherwise. A batch that is not published is answered again.
   *
   * @param made rows, as the tasks have counted them
   */
  void requireWhole(long made) throws IOException {
    long found = written();
    if (found != made) {
      throw other(found + " rows instead of " + made + " in " + place);
    }
  }

  private static IOException other(String what) {
    return new IOException(
        "A batch of the output holds other rows than were made for it, as where two runs write to"
            + " it at once, or its files are removed; see that no other program writes there, and"
            + " run the job again with output.mode = resume: "
            + what);
  }

  /** Counts the rows written; reads only the ends of files where the format keeps counts. */
  private long written() throws IOException {
    if (!place.exists()) {
      return 0;
    }
    OptionalLong written =
        job.sink().writesParquet() ? ParquetFooters.rows(place) : OptionalLong.empty();
    return written.isPresent() ? written.getAsLong() : output().count();
  }

  private Dataset<Row> output() {
    return job.sink()
        .read(
            job.prepared().rows().sparkSession(),
            job.prepared().output(),
            List.of(place.toString()));
  }

  /** Writes letters of rows that the engine could not run, and returns them. */
  List<DeadLetter> setAside(List<DeadRow> dead) throws IOException {
    return dead.isEmpty()
        ? List.of()
        : new BatchLetters(job, folder, control)
            .write(place.child(LETTERS), unanswered(), number, dead);
  }

  /** Returns the rows that have no answer. */
  private Dataset<Row> unanswered() {
    Column[] columns =
        Arrays.stream(job.prepared().rows().columns())
            .map(name -> functions.col(name))
            .toArray(Column[]::new);
    return DoneRows.ofOutput(job.prepared().identity(job.completions()), output())
        .leaveOut(work.select(columns));
  }

  /**
   * Makes work for another run of the rows that are neither answered nor set aside.
   *
   * @param count of them
   * @param dead rows that were set aside
   */
  void leave(long count, List<DeadRow> dead) throws IOException {
    Dataset<Row> all = unanswered();
    Set<String> keys = dead.stream().map(DeadRow::row).collect(Collectors.toSet());
    Dataset<Row> left = keys.isEmpty() ? all : job.prepared().ofKeys(keys).outside(all);
    int parallelism = work.sparkSession().sparkContext().defaultParallelism();
    long written =
        new Intake(folder, job.settings(), control)
            .write(
                place.child(REST),
                job.prepared().with(left),
                count,
                job.spread().anew(count, parallelism));
    if (written != count) {
      throw new IOException(
          "The rows that a batch has not answered cannot be told from those that it has; the output"
              + " may keep values otherwise than it was given them: "
              + written
              + " rows instead of "
              + count
              + " in batch "
              + number);
    }
  }

  /**
   * Shows the batch to readers. From then on it counts, also where the run ends before its commit.
   *
   * @param rows of the output that it holds
   * @return whether it is this one that is there now; not where that of a run is which was replaced
   *     by this one
   * @throws IOException where another run has replaced this one, which shows nothing then
   */
  boolean publish(long rows) throws IOException {
    PublishedBatch published = folder.published(number);
    PublishedBatch.Answers answers = new PublishedBatch.Answers(place, output(), rows);
    published.prepare(answers, control);
    boolean ours = published.publish(answers, control);
    if (!ours && published.counted().isEmpty()) {
      throw other(folder.place(number));
    }
    published.settle();
    return ours;
  }
}
