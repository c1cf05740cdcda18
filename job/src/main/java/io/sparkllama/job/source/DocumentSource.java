package io.sparkllama.job.source;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.report.SparkSentence;
import java.io.FileNotFoundException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.SparkException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Gives a job's rows as a Dataset, from any format that Spark reads. */
public final class DocumentSource {
  private static final int MOST_CAUSES = 50;

  private final SourceSpecification specification;

  public DocumentSource(SourceSpecification specification) {
    this.specification = specification;
  }

  /**
   * Opens the input; no row is read yet.
   *
   * @throws InvalidConfigurationException where Spark cannot: no such path, no such format
   */
  public Dataset<Row> open(SparkSession spark) {
    return refusing(
        () ->
            spark
                .read()
                .format(specification.format())
                .options(specification.options())
                .load(specification.paths().toArray(String[]::new)));
  }

  /**
   * Opens an input in a way of the caller's.
   *
   * @throws InvalidConfigurationException where Spark cannot
   */
  public <T> T refusing(Supplier<T> opening) {
    try {
      return opening.get();
    } catch (Exception wrong) {
      // Some formats run a job here, to find their columns: its failure is the cluster's.
      if (wrong instanceof SparkException && !isOfInput(wrong)) {
        throw wrong;
      }
      throw refused(wrong);
    }
  }

  /** Resolves the key columns, each once. */
  public List<InputColumn> keyColumns(StructType schema) {
    List<InputColumn> columns = new ArrayList<>();
    for (String name : specification.keyColumns()) {
      InputColumn column = InputColumn.resolveText(schema, name, "input.key");
      if (columns.stream().anyMatch(known -> known.path().equals(column.path()))) {
        throw new InvalidConfigurationException("input.key names a column twice: " + name);
      }
      columns.add(column);
    }
    return columns;
  }

  /**
   * Counts the rows and, where the user names the key, refuses null and doubled keys. Reads the
   * input once, before any row goes to the model. A failure of the cluster stays what it is.
   */
  public long count(Dataset<Row> rows, List<InputColumn> keyColumns) {
    try {
      return keyColumns.isEmpty() ? rows.count() : new KeyCheck(keyColumns).count(rows);
    } catch (Exception wrong) {
      if (isOfInput(wrong)) {
        throw refused(wrong);
      }
      throw wrong;
    }
  }

  private static InvalidConfigurationException refused(Exception wrong) {
    return new InvalidConfigurationException(
        "The input cannot be read; correct input.path, input.format or input.options: "
            + SparkSentence.of(wrong),
        wrong);
  }

  /** Tells whether the input itself is at fault: what it names is not there, or is no column. */
  private static boolean isOfInput(Throwable failure) {
    Throwable cause = failure;
    for (int i = 0; cause != null && i < MOST_CAUSES; i++, cause = cause.getCause()) {
      if (cause instanceof AnalysisException
          || cause instanceof FileNotFoundException
          || cause instanceof NoSuchFileException) {
        return true;
      }
    }
    return false;
  }
}
