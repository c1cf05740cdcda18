package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.DoneRows;
import io.sparkllama.job.planning.RowIdentity;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * Is what earlier runs of a configuration have done.
 *
 * @param intakes folders with the rows that they took
 * @param taken rows of the input that they took
 * @param committed batches with the rows that they wrote
 * @param answered of the rows that they took
 * @param letters rows that the engine could not run, and that nobody has tried again since
 */
public record EarlierWork(
    ConfigurationFolder folder,
    List<String> intakes,
    long taken,
    BatchRange committed,
    long answered,
    long letters) {

  /** Returns that of a configuration that begins. */
  public static EarlierWork none(ConfigurationFolder folder) {
    return new EarlierWork(folder, List.of(), 0, BatchRange.upTo(-1), 0, 0);
  }

  /**
   * Finds out what has been done; counts the rows of the output.
   *
   * @param completions rows of the output for a row of the input
   * @throws InvalidConfigurationException where parts are missing, so that nobody can go on
   */
  public static EarlierWork of(ConfigurationFolder folder, PreparedRows prepared, int completions)
      throws IOException {
    WorkFolder work = folder.work();
    work.requireWhole(folder.lastCommitted().orElse(-1));
    BatchRange committed = folder.committed();
    long rows = folder.count(committed, prepared.output());
    long taken = work.rows();
    requireCheckpoint(folder, prepared);
    long letters = folder.openLetters().size();
    if (rows % completions != 0 || rows / completions + letters > taken) {
      throw new InvalidConfigurationException(
          "The output has other rows than runs have written, so that no run can go on with it; begin"
              + " anew with output.mode = overwrite, or write somewhere else: "
              + rows
              + " rows, of "
              + taken
              + " of the input with "
              + completions
              + " completions each and "
              + letters
              + " dead letters, in "
              + folder.rows());
    }
    return new EarlierWork(folder, work.intakes(), taken, committed, rows / completions, letters);
  }

  /** Refuses rows whose checkpoint is lost: without it, all would be answered once more. */
  private static void requireCheckpoint(ConfigurationFolder folder, PreparedRows prepared)
      throws IOException {
    if (!folder.hasCheckpoint()
        && folder.count(BatchRange.upTo(Long.MAX_VALUE), prepared.output()) > 0) {
      throw new InvalidConfigurationException(
          "The output has rows and no checkpoint, so that a run would answer them twice; restore"
              + " the checkpoint, or begin anew with output.mode = overwrite: "
              + folder.checkpoint());
    }
  }

  /** Returns the rows that were taken and have neither an answer nor a dead letter yet. */
  public long pending() {
    return taken - answered - letters;
  }

  /** Returns what each intake has kept of its input, from the first to the last. */
  public List<JsonNode> inputs() throws IOException {
    return intakes.isEmpty() ? List.of() : folder.work().inputs();
  }

  /**
   * Returns some columns of the rows that all intakes took; empty where there was none.
   *
   * @param columns that intakes have written
   */
  public Optional<Dataset<Row>> taken(SparkSession spark, StructType columns) {
    return intakes.isEmpty()
        ? Optional.empty()
        : Optional.of(WorkFolder.read(spark, columns, intakes));
  }

  /** Returns the rows that a run goes on with, as the walk reads them. */
  public Dataset<Row> pending(PreparedRows prepared, int completions) throws IOException {
    Set<String> dead =
        folder.openLetters().stream().map(DeadLetter::row).collect(Collectors.toSet());
    Dataset<Row> all = taken(prepared);
    Dataset<Row> taken = dead.isEmpty() ? all : prepared.ofKeys(dead).outside(all);
    if (committed.isEmpty()) {
      return taken;
    }
    Dataset<Row> output = folder.read(committed, prepared.output());
    return DoneRows.ofOutput(identity(prepared, completions), output).leaveOut(taken);
  }

  private static RowIdentity identity(PreparedRows prepared, int completions) {
    return prepared.identity(completions);
  }

  private Dataset<Row> taken(PreparedRows prepared) {
    return WorkFolder.read(
            prepared.rows().sparkSession(), prepared.rows().schema().asNullable(), intakes)
        .select(
            Arrays.stream(prepared.rows().columns())
                .map(name -> functions.col(name))
                .toArray(Column[]::new));
  }
}
