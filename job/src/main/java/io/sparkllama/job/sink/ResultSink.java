package io.sparkllama.job.sink;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.OutputMode;
import io.sparkllama.job.report.SparkSentence;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a job's rows in any format that Spark writes, and refuses before any work to harm. */
public final class ResultSink {
  private static final Logger LOG = LoggerFactory.getLogger(ResultSink.class);

  private final SinkSpecification specification;

  public ResultSink(SinkSpecification specification) {
    this.specification = specification;
  }

  /** Returns the path, or the format's name where it has none. */
  public String name() {
    return specification.path().orElse(specification.format());
  }

  /**
   * Refuses an output that exists, unless it is to be replaced or added to, and then one that
   * shares files with the input.
   *
   * @param inputPaths of the job, with their wildcards
   * @throws IOException where the storage cannot be reached; trying again may help
   */
  public void check(Configuration hadoop, List<String> inputPaths) throws IOException {
    if (specification.path().isEmpty()) {
      return;
    }
    String text = specification.path().get();
    try {
      if (specification.mode() != OutputMode.ERROR) {
        PathOverlap overlap = new PathOverlap(hadoop, text);
        for (String input : inputPaths) {
          if (overlap.with(input)) {
            throw new InvalidConfigurationException(
                (specification.mode() == OutputMode.OVERWRITE
                        ? "output.path would replace the input of the same job, or a part of it"
                        : "output.path would be added to the input of the same job")
                    + "; write somewhere else: "
                    + text
                    + " and "
                    + input);
          }
        }
        return;
      }
      if (new OutputFolder(text, hadoop).exists()) {
        throw new InvalidConfigurationException(
            "The output exists already; remove it, name another output.path, replace it with"
                + " output.mode = overwrite, or go on with it with output.mode = resume: "
                + text);
      }
    } catch (IllegalArgumentException wrong) {
      throw new InvalidConfigurationException(
          "output.path or input.path is no path: " + SparkSentence.of(wrong), wrong);
    }
  }

  /**
   * Returns what the output was made with that this run goes on with; empty where it begins one.
   *
   * @throws InvalidConfigurationException where nothing says what it was made with
   * @throws IOException where the storage cannot be reached; trying again may help
   */
  public Optional<Fingerprint> resumed(Configuration hadoop) throws IOException {
    if (specification.mode() != OutputMode.RESUME) {
      return Optional.empty();
    }
    OutputFolder folder = new OutputFolder(name(), hadoop);
    Optional<Fingerprint> fingerprint = folder.fingerprint();
    if (fingerprint.isEmpty() && folder.holdsData()) {
      throw new InvalidConfigurationException(
          "Nothing says what the output was made with, since it has no file _sparkllama.json, so that"
              + " no run can go on with it; write somewhere else, or begin anew with output.mode ="
              + " overwrite: "
              + name());
    }
    return fingerprint;
  }

  /**
   * Reads the output as it is now.
   *
   * @param columns that were written
   */
  public Dataset<Row> read(SparkSession spark, StructType columns) {
    return spark
        .read()
        .format(specification.format())
        .options(specification.options())
        .schema(columns)
        .load(specification.path().orElseThrow());
  }

  /**
   * Writes all rows: the one action of a job over the model's answers.
   *
   * <p>An output that can be added to says what it was made with before its first row, so that a
   * run that is killed at any moment can be gone on with. Where Spark begins by removing what is
   * there, or refuses any folder that is, that can only follow the rows.
   *
   * @throws InvalidConfigurationException where the format cannot take these columns or options
   * @throws IOException where the storage cannot be reached; trying again may help
   */
  public void write(Dataset<Row> rows, Fingerprint fingerprint) throws IOException {
    if (specification.path().isEmpty()) {
      save(rows);
      return;
    }
    Configuration hadoop = rows.sparkSession().sparkContext().hadoopConfiguration();
    OutputFolder folder = new OutputFolder(name(), hadoop);
    switch (specification.mode()) {
      case RESUME -> {
        folder.removeUncommitted();
        if (folder.fingerprint().isEmpty()) {
          folder.write(fingerprint);
        }
        save(rows);
      }
      case OVERWRITE -> {
        overwrite(rows, folder);
        describe(folder, fingerprint);
      }
      case ERROR -> {
        save(rows);
        describe(folder, fingerprint);
      }
    }
  }

  /** Replaces an output; where Spark refuses to, what was there can be gone on with as before. */
  private void overwrite(Dataset<Row> rows, OutputFolder folder) throws IOException {
    // Of another output: some formats keep the folder.
    Optional<byte[]> before = folder.takeFingerprint();
    try {
      save(rows);
    } catch (InvalidConfigurationException refused) {
      if (before.isPresent()) {
        folder.putFingerprint(before.get());
      }
      throw refused;
    }
  }

  /** Says what a whole output was made with, where it is a folder: some formats write a file. */
  private void describe(OutputFolder folder, Fingerprint fingerprint) {
    try {
      if (folder.isFolder()) {
        folder.write(fingerprint);
      }
    } catch (IOException unwritten) {
      LOG.warn(
          "The output is whole, but no run can go on with it, since its file _sparkllama.json could"
              + " not be written: {}",
          unwritten.toString());
    }
  }

  private SaveMode saveMode() {
    return switch (specification.mode()) {
      case ERROR -> SaveMode.ErrorIfExists;
      case OVERWRITE -> SaveMode.Overwrite;
      case RESUME -> SaveMode.Append;
    };
  }

  private void save(Dataset<Row> rows) {
    DataFrameWriter<Row> writer =
        rows.write()
            .format(specification.format())
            .options(specification.options())
            .mode(saveMode());
    try {
      if (specification.path().isPresent()) {
        writer.save(specification.path().get());
      } else {
        writer.save();
      }
    } catch (Exception wrong) {
      if (wrong instanceof AnalysisException || wrong instanceof ClassNotFoundException) {
        throw new InvalidConfigurationException(
            "The output cannot be written; correct output.path, output.format or output.options: "
                + SparkSentence.of(wrong),
            wrong);
      }
      throw wrong;
    }
  }
}
