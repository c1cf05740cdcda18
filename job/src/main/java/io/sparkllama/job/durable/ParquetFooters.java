package io.sparkllama.job.durable;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/** Counts rows by what files of Parquet say at their ends, without a job of Spark. */
final class ParquetFooters {
  /** Are read sooner than tasks of Spark would begin to; more are better read by many. */
  private static final int MOST_FILES = 16;

  private ParquetFooters() {}

  /**
   * Counts the rows that a folder holds, now.
   *
   * @return empty where there are so many files that Spark should count
   */
  static OptionalLong rows(StoredPath folder) throws IOException {
    List<StoredPath> files =
        folder.children().stream()
            .filter(file -> !file.name().startsWith("_") && !file.name().startsWith("."))
            .toList();
    if (files.size() > MOST_FILES) {
      return OptionalLong.empty();
    }
    Configuration hadoop = folder.fileSystem().getConf();
    long rows = 0;
    for (StoredPath file : files) {
      try (ParquetFileReader reader =
          ParquetFileReader.open(HadoopInputFile.fromPath(file.path(), hadoop))) {
        rows = Math.addExact(rows, reader.getRecordCount());
      }
    }
    return OptionalLong.of(rows);
  }
}
