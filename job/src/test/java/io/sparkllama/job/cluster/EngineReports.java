package io.sparkllama.job.cluster;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Counts the rows that executors' engines have answered, over all attempts of a job, whatever
 * became of the answers.
 */
final class EngineReports {
  private final Path directory;

  private EngineReports(Path directory) {
    this.directory = directory;
  }

  /** Reads a directory that it makes; executors with {@link #settings()} write to it. */
  static EngineReports in(Path directory) throws IOException {
    return new EngineReports(Files.createDirectories(directory));
  }

  /** Returns settings of a job file. */
  String settings() {
    return """
        spark.metrics.conf.executor.sink.rows.class = %s
        spark.metrics.conf.executor.sink.rows.directory = "%s"
        """
        .formatted(AnsweredRowsSink.class.getName(), directory);
  }

  /** Returns what executors need for these settings. */
  List<Path> classes() {
    try {
      return List.of(
          Path.of(
              AnsweredRowsSink.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the rows of all engines, those of killed executors included. */
  long answered() throws IOException {
    long rows = 0;
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        byte[] count = Files.readAllBytes(file);
        rows += count.length == Long.BYTES ? ByteBuffer.wrap(count).getLong() : 0; // just made
      }
    }
    return rows;
  }
}
