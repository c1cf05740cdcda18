package io.sparkllama.job.storage;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;

/** Finds the file system of a path that the job file names, or says how to get its connector. */
public final class StorageConnector {
  private static final Map<String, String> PACKAGES =
      Map.of(
          "s3a", "org.apache.hadoop:hadoop-aws",
          "abfs", "org.apache.hadoop:hadoop-azure",
          "abfss", "org.apache.hadoop:hadoop-azure",
          "wasb", "org.apache.hadoop:hadoop-azure",
          "wasbs", "org.apache.hadoop:hadoop-azure",
          "gs", "com.google.cloud.bigdataoss:gcs-connector");

  private StorageConnector() {}

  /**
   * Returns the file system, which Hadoop keeps open for the whole process: not the caller's to
   * close.
   *
   * @param key of the job file that names the path
   * @throws InvalidConfigurationException where the path is none, or its connector is missing
   * @throws IOException where the storage cannot be reached; trying again may help
   */
  public static FileSystem open(Path path, Configuration hadoop, String key) throws IOException {
    try {
      return path.getFileSystem(hadoop);
    } catch (UnsupportedFileSystemException unknown) {
      throw missing(path, key, unknown);
    } catch (IllegalArgumentException wrong) {
      throw new InvalidConfigurationException(
          key + " must be a path that Hadoop understands (" + wrong.getMessage() + "): " + path,
          wrong);
    } catch (RuntimeException wrong) {
      // Hadoop knows the scheme's class by name and wraps its absence twice.
      for (Throwable cause = wrong; cause != null; cause = cause.getCause()) {
        if (cause instanceof ClassNotFoundException) {
          throw missing(path, key, wrong);
        }
      }
      throw wrong;
    }
  }

  private static InvalidConfigurationException missing(Path path, String key, Exception cause) {
    String connector = PACKAGES.get(String.valueOf(path.toUri().getScheme()));
    return new InvalidConfigurationException(
        key
            + " is on a file system that this cluster's Hadoop does not know; correct the path, or"
            + " put the connector on the class path with spark-submit --packages "
            + (connector == null ? "GROUP:ARTIFACT:VERSION" : connector + ":VERSION")
            + ": "
            + path,
        cause);
  }
}
