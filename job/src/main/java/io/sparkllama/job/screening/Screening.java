package io.sparkllama.job.screening;

import io.sparkllama.job.pipeline.PreparedRows;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** Screens the rows of an input that earlier intakes have not taken, and hands them on. */
public final class Screening {
  private static final String NO_RECORD = "none of its records is one of the input's format";

  private final InputScreen input;
  private final StructType columns;
  private final Preparation preparation;
  private final BadRowLimit limit;

  /** Chooses the columns that a job reads. */
  @FunctionalInterface
  public interface Preparation {
    /**
     * Prepares documents; none is read yet.
     *
     * @param marks further columns that stay, at the end
     */
    PreparedRows of(Dataset<Row> documents, List<String> marks);
  }

  /** Is what is done with rows that were screened. */
  @FunctionalInterface
  public interface Taking<T> {
    /** Takes rows; may be asked again, with fewer. */
    T take(ScreenedRows rows) throws IOException;
  }

  /**
   * @param columns of the input, as the first intake found them
   */
  public Screening(
      InputScreen input, StructType columns, Preparation preparation, BadRowLimit limit) {
    this.input = input;
    this.columns = columns;
    this.preparation = preparation;
    this.limit = limit;
  }

  /**
   * Screens; reads the input once. A file that turns out broken is left out, and the others are
   * read again.
   *
   * @param files that earlier intakes have seen, from the first to the last
   * @param taken {@link TakenRows} of earlier intakes, where there are any
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where too many rows are bad
   */
  public ScreenedRows screen(List<FileRecord> files, Optional<Dataset<Row>> taken)
      throws IOException {
    return input.attempt(input.select(files), chosen -> screened(chosen, taken));
  }

  /**
   * Has rows taken that were screened. Where a file of theirs turns out broken, or has changed,
   * they are screened again without it, and what was done with them counts for nothing.
   */
  public <T> T take(ScreenedRows rows, Taking<T> taking) throws IOException {
    return input.attempt(
        rows.selection(),
        chosen ->
            taking.take(chosen.equals(rows.selection()) ? rows : screened(chosen, rows.before())));
  }

  private ScreenedRows screened(FileSelection chosen, Optional<Dataset<Row>> taken)
      throws IOException {
    PreparedRows prepared = preparation.of(input.rows(columns, chosen), RowMarks.names());
    Dataset<Row> screened = new RowScreen(prepared.identity(1)).screen(prepared.rows(), taken);
    RowCounts counts = RowCounts.of(screened);
    List<UnreadableFile> others =
        chosen.files().stream()
            .filter(file -> counts.isOfAnotherFormat(file.path()))
            .map(file -> new UnreadableFile(file.path(), NO_RECORD))
            .toList();
    if (!others.isEmpty()) {
      throw new UnreadableFile.Found(others);
    }
    limit.check(counts);
    return new ScreenedRows(input, chosen, prepared.with(screened), counts, taken);
  }
}
