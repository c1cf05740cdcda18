package io.sparkllama.job.sink;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.OutputMode;
import io.sparkllama.job.report.SparkSentence;
import io.sparkllama.job.storage.StorageConnector;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.DataSource;
import org.apache.spark.sql.execution.datasources.FileFormat;
import org.apache.spark.sql.execution.datasources.v2.FileDataSourceV2;
import org.apache.spark.sql.internal.SQLConf;
import org.apache.spark.sql.types.StructType;

/** Writes a job's rows in any format that Spark writes, and refuses before any work to harm. */
public final class ResultSink {
  /** A path with these is taken for a pattern where Spark reads. */
  private static final String WILDCARDS = "*?[]{}";

  /**
   * By itself Spark writes thousandths of a second where a timestamp has millionths, and a run that
   * goes on could not tell its rows.
   */
  private static final Map<String, String> WHOLE_TIMES =
      Map.of(
          "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
          "timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS");

  /** Whatever the session's settings are: rows that are not read would be answered again. */
  private static final Map<String, String> NOTHING_LEFT_OUT =
      Map.of("ignoreMissingFiles", "false", "ignoreCorruptFiles", "false");

  private static final Set<String> TEXT_FORMATS = Set.of("csv", "json", "xml");

  private final SinkSpecification specification;
  private final Map<String, String> options;

  public ResultSink(SinkSpecification specification) {
    this.specification = specification;
    this.options = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    if (TEXT_FORMATS.contains(specification.format().toLowerCase(Locale.ROOT))) {
      options.putAll(WHOLE_TIMES);
    }
    options.putAll(specification.options());
  }

  /** Returns the path, or the format's name where it has none. */
  public String name() {
    return specification.path().orElse(specification.format());
  }

  /**
   * Tells how the rows are kept.
   *
   * @throws InvalidConfigurationException where Spark does not know the format
   */
  public SinkKind kind() {
    if (specification.path().isEmpty()) {
      return SinkKind.ONE_ACTION;
    }
    Class<?> format = format();
    if (isDelta()) {
      return SinkKind.DELTA_TABLE;
    }
    boolean files =
        FileFormat.class.isAssignableFrom(format)
            || FileDataSourceV2.class.isAssignableFrom(format);
    return files ? SinkKind.FILES : SinkKind.ONE_ACTION;
  }

  private Class<?> format() {
    try {
      return DataSource.lookupDataSource(specification.format(), SQLConf.get());
    } catch (Exception wrong) {
      if (isDelta()) {
        throw new InvalidConfigurationException(
            "output.format = delta needs Delta Lake, which is not on the class path; bring it with"
                + " spark-submit --packages io.delta:delta-spark_4.2_2.13:VERSION, of Spark's own"
                + " release, and the settings that docs/output.md names, or write another format: "
                + SparkSentence.of(wrong),
            wrong);
      }
      throw refusedByFormat(wrong);
    }
  }

  private boolean isDelta() {
    return specification.format().equalsIgnoreCase(DeltaTable.FORMAT);
  }

  /**
   * Returns how a run writes the rows of a batch before they are published: a table gets them from
   * files.
   */
  public ResultSink ofOpenBatches() {
    return kind() == SinkKind.FILES
        ? this
        : new ResultSink(
            new SinkSpecification("parquet", specification.path(), Optional.empty(), Map.of(), 0));
  }

  /**
   * Returns the table that the rows go to, where its {@link #kind} is one.
   *
   * @param partitions columns that it is partitioned by
   */
  public DeltaTable table(List<String> partitions) {
    return new DeltaTable(name(), specification.options(), partitions);
  }

  /**
   * Tells whether its files are Spark's own Parquet, which say at their ends how many rows they
   * have.
   */
  public boolean writesParquet() {
    return specification.format().equalsIgnoreCase("parquet");
  }

  /** Returns the mode that the job file names, else what suits the format. */
  public OutputMode mode() {
    return specification.mode().orElse(kind().hasBatches() ? OutputMode.RESUME : OutputMode.ERROR);
  }

  /**
   * Refuses an output that exists, unless it is to be replaced or gone on with, and then one that
   * shares files with the input.
   *
   * @param inputPaths of the job, with their wildcards
   * @throws IOException where the storage cannot be reached; trying again may help
   */
  public void check(Configuration hadoop, List<String> inputPaths) throws IOException {
    OutputMode mode = mode();
    SinkKind kind = kind();
    if (mode == OutputMode.RESUME && !kind.hasBatches()) {
      throw new InvalidConfigurationException(
          "output.mode = resume goes on with files or a Delta table at output.path; name such a"
              + " format, or another output.mode: "
              + name());
    }
    if (kind == SinkKind.DELTA_TABLE) {
      DeltaTable.checkOptions(specification.options().keySet());
    }
    if (specification.path().isEmpty()) {
      return;
    }
    String text = specification.path().get();
    if (text.chars().anyMatch(character -> WILDCARDS.indexOf(character) >= 0)) {
      throw new InvalidConfigurationException(
          "output.path must be a path without the wildcards " + WILDCARDS + ": " + text);
    }
    try {
      if (mode == OutputMode.ERROR) {
        refuseExisting(text, hadoop);
      } else {
        refuseInput(text, inputPaths, hadoop);
      }
    } catch (IllegalArgumentException wrong) {
      throw new InvalidConfigurationException(
          "output.path or input.path is no path: " + SparkSentence.of(wrong), wrong);
    }
  }

  private static void refuseExisting(String text, Configuration hadoop) throws IOException {
    Path path = new Path(text);
    FileSystem storage = StorageConnector.open(path, hadoop, "output.path");
    if (storage.exists(path)) {
      throw new InvalidConfigurationException(
          "The output exists already; remove it, name another output.path, replace it with"
              + " output.mode = overwrite, or go on with it with output.mode = resume: "
              + text);
    }
  }

  private void refuseInput(String text, List<String> inputPaths, Configuration hadoop)
      throws IOException {
    PathOverlap overlap = new PathOverlap(hadoop, text);
    for (String input : inputPaths) {
      if (overlap.with(input)) {
        throw new InvalidConfigurationException(
            (mode() == OutputMode.OVERWRITE
                    ? "output.path would replace the input of the same job, or a part of it"
                    : "output.path would be added to the input of the same job")
                + "; write somewhere else: "
                + text
                + " and "
                + input);
      }
    }
  }

  /**
   * Reads what was written.
   *
   * @param columns that were written
   * @param folders with files of the format
   */
  public Dataset<Row> read(SparkSession spark, StructType columns, List<String> folders) {
    return spark
        .read()
        .format(specification.format())
        .options(options)
        .options(NOTHING_LEFT_OUT)
        .schema(columns)
        .load(folders.toArray(String[]::new));
  }

  /**
   * Writes all rows of a job in one action, where no run can go on with them.
   *
   * @throws InvalidConfigurationException where the format cannot take these columns or options
   */
  public void write(Dataset<Row> rows) {
    SaveMode mode = mode() == OutputMode.OVERWRITE ? SaveMode.Overwrite : SaveMode.ErrorIfExists;
    DataFrameWriter<Row> writer = writer(rows).mode(mode);
    try {
      if (specification.path().isPresent()) {
        writer.save(specification.path().get());
      } else {
        writer.save();
      }
    } catch (Exception wrong) {
      throw explained(wrong);
    }
  }

  /**
   * Writes rows into a folder of their own, and replaces what is there.
   *
   * @throws InvalidConfigurationException where the format cannot take these columns or options
   */
  public void replace(Dataset<Row> rows, String folder) {
    try {
      writer(rows).mode(SaveMode.Overwrite).save(folder);
    } catch (Exception wrong) {
      throw explained(wrong);
    }
  }

  private DataFrameWriter<Row> writer(Dataset<Row> rows) {
    return rows.write().format(specification.format()).options(options);
  }

  /** Spark throws checked exceptions that it does not declare, which go on as they are. */
  static RuntimeException explained(Exception wrong) {
    if (wrong instanceof AnalysisException || wrong instanceof ClassNotFoundException) {
      return refusedByFormat(wrong);
    }
    throw ResultSink.<RuntimeException>undeclared(wrong);
  }

  @SuppressWarnings("unchecked") // erased: nothing is cast
  private static <E extends Exception> E undeclared(Exception wrong) throws E {
    throw (E) wrong;
  }

  private static InvalidConfigurationException refusedByFormat(Exception wrong) {
    return new InvalidConfigurationException(
        "The output cannot be written; correct output.path, output.format or output.options: "
            + SparkSentence.of(wrong),
        wrong);
  }
}
