package io.sparkllama.job.durable;

import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.sink.SinkSpecification;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Makes the sink of an output of files, as a job file that says nothing else would. */
final class FileSink {
  private FileSink() {}

  static ResultSink parquet(Path output) {
    return new ResultSink(
        new SinkSpecification(
            "parquet", Optional.of(output.toString()), Optional.empty(), Map.of(), 0));
  }
}
