package io.sparkllama.job.durable;

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

  /**
   * Takes rows, in one action.
   *
   * @param rows that no run has taken
   * @param count of them, about
   * @param spread over files
   * @return how many rows there were
   * @throws InvalidConfigurationException where a column cannot be kept in a file
   */
  public long take(PreparedRows rows, long count, RowSpread spread) throws IOException {
    return write(folder.work().nextIntake(), rows, count, spread);
  }

  /** Writes a folder of work; where one is there already, it was not finished. */
  long write(StoredPath work, PreparedRows prepared, long count, RowSpread spread)
      throws IOException {
    Dataset<Row> rows = prepared.spread(spread);
    int parallelism = rows.sparkSession().sparkContext().defaultParallelism();
    long rowsOfFile = spread.rowsOfFile(count, parallelism);
    try {
      rows.write()
          .option("maxRecordsPerFile", Math.min(rowsOfFile, batchRows.orElse(rowsOfFile)))
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
    long written =
        WorkFolder.read(rows.sparkSession(), rows.schema(), List.of(work.toString())).count();
    control.check();
    folder.work().finish(work, written);
    return written;
  }
}
