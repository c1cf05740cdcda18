package io.sparkllama.job;

import java.nio.file.Path;
import java.util.List;

/** Reads what a job has written, in an order of its own, so that two outputs can be compared. */
final class OutputRows {
  private OutputRows() {}

  /** Returns each row as JSON, without what the folders' names add. */
  static List<String> rows(Path output) {
    return LocalSpark.session()
        .read()
        .parquet(output.toString())
        .drop("configuration", "batch")
        .toJSON()
        .collectAsList()
        .stream()
        .sorted()
        .toList();
  }
}
