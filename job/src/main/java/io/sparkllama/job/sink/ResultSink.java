package io.sparkllama.job.sink;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.OutputMode;
import io.sparkllama.job.report.SparkSentence;
import io.sparkllama.job.storage.StorageConnector;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;

/** Writes a job's rows in any format that Spark writes, and refuses before any work to harm. */
public final class ResultSink {
  private final SinkSpecification specification;

  public ResultSink(SinkSpecification specification) {
    this.specification = specification;
  }

  /** Returns the path, or the format's name where it has none. */
  public String name() {
    return specification.path().orElse(specification.format());
  }

  /**
   * Refuses an output that exists, unless it is to be replaced, and then one that shares files with
   * the input.
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
      if (specification.mode() == OutputMode.OVERWRITE) {
        PathOverlap overlap = new PathOverlap(hadoop, text);
        for (String input : inputPaths) {
          if (overlap.with(input)) {
            throw new InvalidConfigurationException(
                "output.path would replace the input of the same job, or a part of it; write"
                    + " somewhere else: "
                    + text
                    + " and "
                    + input);
          }
        }
        return;
      }
      Path output = new Path(text);
      if (StorageConnector.open(output, hadoop, "output.path").exists(output)) {
        throw new InvalidConfigurationException(
            "The output exists already; remove it, name another output.path, or replace it with"
                + " output.mode = overwrite: "
                + text);
      }
    } catch (IllegalArgumentException wrong) {
      throw new InvalidConfigurationException(
          "output.path or input.path is no path: " + SparkSentence.of(wrong), wrong);
    }
  }

  /**
   * Writes all rows: the one action of a job over the model's answers.
   *
   * @throws InvalidConfigurationException where the format cannot take these columns or options
   */
  public void write(Dataset<Row> rows) {
    DataFrameWriter<Row> writer =
        rows.write()
            .format(specification.format())
            .options(specification.options())
            .mode(
                specification.mode() == OutputMode.OVERWRITE
                    ? SaveMode.Overwrite
                    : SaveMode.ErrorIfExists);
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
