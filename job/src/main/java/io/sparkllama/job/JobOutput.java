package io.sparkllama.job;

import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.sink.ResultSink;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/** Finds where a job's rows go. */
final class JobOutput {
  private JobOutput() {}

  /**
   * Refuses an output that must not be written, before any work.
   *
   * @return the folder of one that runs can go on with; empty where it is of another kind
   */
  static Optional<OutputFolder> checked(JobConfig config, SparkSession spark) throws IOException {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    ResultSink sink = new ResultSink(config.sink());
    sink.check(hadoop, config.source().paths());
    return sink.kind().hasBatches() ? Optional.of(OutputFolder.of(sink, spark)) : Optional.empty();
  }
}
