package io.sparkllama.job.screening;

import static org.apache.spark.sql.functions.col;

import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.report.InputReport;
import io.sparkllama.job.report.InputRows;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Holds the rows of an input with what becomes of each, counted. */
public final class ScreenedRows {
  /** Is how many rows can be taken where not all are: Spark counts these in 32 bits. */
  public static final long MOST_OF_ALL = Integer.MAX_VALUE;

  private final InputScreen input;
  private final FileSelection selection;
  private final PreparedRows screened;
  private final RowCounts counts;
  private final Optional<Dataset<Row>> before;

  ScreenedRows(
      InputScreen input,
      FileSelection selection,
      PreparedRows screened,
      RowCounts counts,
      Optional<Dataset<Row>> before) {
    this.input = input;
    this.selection = selection;
    this.screened = screened;
    this.counts = counts;
    this.before = before;
  }

  FileSelection selection() {
    return selection;
  }

  Optional<Dataset<Row>> before() {
    return before;
  }

  /** Returns the number of rows to take. */
  public long count() {
    return counts.of(RowFate.TAKEN);
  }

  /** Returns the rows to take, with their {@link TakenRows} at the end, in any order. */
  public PreparedRows toTake() {
    return screened.with(withoutMarks(taken()));
  }

  /**
   * Returns the first of them in the source's order.
   *
   * @param most at most {@link #MOST_OF_ALL}
   */
  public PreparedRows toTake(long most) {
    return screened.with(
        withoutMarks(taken().orderBy(RowScreen.PLACE).limit(Math.toIntExact(most))));
  }

  private Dataset<Row> taken() {
    return screened.rows().where(col(RowScreen.FATE).equalTo(RowFate.TAKEN.text()));
  }

  private static Dataset<Row> withoutMarks(Dataset<Row> rows) {
    return rows.drop(RowScreen.FATE, RowScreen.PLACE);
  }

  /**
   * Refuses rows that were read of files which have changed since.
   *
   * @throws IOException after which {@link Screening#take} asks again
   */
  public void requireUnchanged() throws IOException {
    input.requireUnchanged(selection);
  }

  /**
   * Returns what is to be kept of the files for later intakes.
   *
   * @param taken rows; where these are not all, files are not done with, and their rows are
   *     compared once more
   */
  public List<FileRecord> files(long taken) {
    return selection.records().stream()
        .filter(file -> taken == count() || file.fate() != FileRecord.Fate.TAKEN)
        .toList();
  }

  /** Returns the number of rows that are set aside. */
  public long setAside() {
    return counts.setAside().values().stream().mapToLong(Long::longValue).sum();
  }

  /** Tells whether the input has files, which do not change unseen. */
  public boolean isOfFiles() {
    return input.isOfFiles();
  }

  /** Lists the rows that are set aside in a folder, in place of what is there. */
  public void list(String folder) {
    new SetAsideRows(screened.rows(), screened.identity(1).keys()).write(folder);
  }

  /**
   * Returns what a summary says.
   *
   * @param taken rows, of those to take
   * @param list folder that lists the rows set aside, where there are any
   * @param setAsideBefore rows that were set aside with those that an earlier run left
   */
  public InputReport report(long taken, Optional<String> list, long setAsideBefore) {
    Map<String, Long> setAside = new TreeMap<>();
    counts.setAside().forEach((fate, rows) -> setAside.put(fate.text(), rows));
    return new InputReport(
        input.isOfFiles() ? Optional.of(selection.report()) : Optional.empty(),
        new InputRows(
            taken,
            count() - taken,
            counts.of(RowFate.KNOWN),
            counts.of(RowFate.REDELIVERED),
            setAside,
            list),
        setAsideBefore);
  }
}
