package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.report.SparkSentence;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;

/**
 * Takes rows of the input into files of work, so that what a run has to answer stays as it is,
 * whatever becomes of the input.
 */
public final class Intake {
  private static final long MOST_FILES = 20_000;

  private final ConfigurationFolder folder;
  private final OptionalLong batchRows;
  private final RunControl control;

  /**
   * @param settings whose batches may have fewer rows than a file would
   */
  public Intake(ConfigurationFolder folder, DurableSettings settings, RunControl control) {
    this.folder = folder;
    this.control = control;
    this.batchRows = settings.batchRows();
  }

  /** Looks at an intake before it is finished. */
  @FunctionalInterface
  public interface Conclusion {
    /**
     * Accepts what was written, or refuses it.
     *
     * @param written rows
     * @return what later intakes need to know of the input
     */
    JsonNode of(long written) throws IOException;
  }

  /**
   * Takes rows, in one action.
   *
   * @param rows that no run has taken
   * @param count of them, about
   * @param spread over files
   * @param conclusion before the rows count as taken
   * @return how many rows there were
   * @throws InvalidConfigurationException where a column cannot be kept in a file
   */
  public long take(PreparedRows rows, long count, RowSpread spread, Conclusion conclusion)
      throws IOException {
    StoredPath work = folder.work().nextIntake();
    long written = count == 0 ? 0 : files(work, rows, count, spread);
    JsonNode input = conclusion.of(written);
    control.check(); // reading the input takes long: who was replaced meanwhile finishes nothing
    folder.work().finish(work, written, input);
    return written;
  }

  /**
   * Removes what an intake has left that began and was not finished: its rows would be answered
   * though no manifest counts them.
   */
  public void discard() throws IOException {
    control.check();
    StoredPath work = folder.work().nextIntake();
    work.delete();
    folder.setAsideFolder(work.name()).delete();
  }

  /** Returns the folder that lists what the next intake sets aside. */
  public String setAside() throws IOException {
    return folder.setAside(folder.work().nextIntake().name());
  }

  /** Writes a folder of work; where one is there already, it was not finished. */
  long write(StoredPath work, PreparedRows prepared, long count, RowSpread spread)
      throws IOException {
    long written = files(work, prepared, count, spread);
    control.check();
    folder.work().finish(work, written, MissingNode.getInstance());
    return written;
  }

  private long files(StoredPath work, PreparedRows prepared, long count, RowSpread spread)
      throws IOException {
    Dataset<Row> rows = prepared.spread(spread);
    int parallelism = rows.sparkSession().sparkContext().defaultParallelism();
    try {
      rows.write()
          .option(
              "maxRecordsPerFile",
              rowsOfFile(spread.rowsOfFile(count, parallelism), count, parallelism))
          .mode(SaveMode.Overwrite)
          .parquet(work.toString());
    } catch (Exception wrong) {
      if (wrong instanceof AnalysisException) {
        throw new InvalidConfigurationException(
            "A column of the input cannot be kept in files until its rows are answered; leave it"
                + " out of output.columns, or make it a text in the input: "
                + SparkSentence.of(wrong),
            wrong);
      }
      throw wrong;
    }
    // What was really written: the input may have changed since its rows were counted.
    OptionalLong written = ParquetFooters.rows(work);
    return written.isPresent()
        ? written.getAsLong()
        : WorkFolder.read(rows.sparkSession(), rows.schema(), List.of(work.toString())).count();
  }

  /**
   * A file is one task's work: a batch of few rows is cut so that all tasks have some of it, while
   * that does not make more files than a storage likes to list.
   */
  private long rowsOfFile(long most, long count, int parallelism) {
    if (batchRows.isEmpty()) {
      return most;
    }
    long share = (batchRows.getAsLong() + parallelism - 1) / parallelism;
    long least = (count + MOST_FILES - 1) / MOST_FILES;
    return Math.min(most, Math.min(batchRows.getAsLong(), Math.max(share, least)));
  }
}
