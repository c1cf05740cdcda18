package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.store.ModelSource;
import io.sparkllama.engine.store.PartNames;
import io.sparkllama.job.storage.StorageConnector;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import scala.Tuple2;

/** Offers a model's files from any storage that Hadoop reads: hdfs, s3a, a local disk. */
public final class HadoopModelSource implements ModelSource {
  private final Path path;
  private final FileSystem fileSystem;

  private HadoopModelSource(Path path, FileSystem fileSystem) {
    this.path = path;
    this.fileSystem = fileSystem;
  }

  /**
   * Finds the file system of a path; reads nothing yet.
   *
   * @param path the model, or any part of a split one; without a scheme it is of the cluster's
   *     default file system
   * @throws InvalidConfigurationException where Hadoop knows no such file system
   */
  public static HadoopModelSource of(String path, Configuration configuration) throws IOException {
    Path given;
    try {
      given = new Path(path);
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigurationException(
          "model.path must be a path that Hadoop understands (" + e.getMessage() + "): " + path, e);
    }
    FileSystem fileSystem = StorageConnector.open(given, configuration, "model.path");
    return new HadoopModelSource(fileSystem.makeQualified(given), fileSystem);
  }

  /** Makes Hadoop's configuration as Spark does: its own files, and all {@code spark.hadoop.*}. */
  public static Configuration hadoopConfiguration(SparkConf conf) {
    Configuration configuration = new Configuration();
    for (Tuple2<String, String> setting : conf.getAllWithPrefix("spark.hadoop.")) {
      configuration.set(setting._1(), setting._2());
    }
    return configuration;
  }

  /** Returns the path with scheme and authority, which means the same on every host. */
  @Override
  public String location() {
    return path.toString();
  }

  @Override
  public List<Part> parts() throws IOException {
    List<Part> parts = new ArrayList<>();
    for (String name : PartNames.of(path.getName())) {
      Path file = path.getParent() == null ? path : new Path(path.getParent(), name);
      FileStatus status = fileSystem.getFileStatus(file);
      if (!status.isFile()) {
        throw new FileNotFoundException(file + " is a directory, not a file");
      }
      parts.add(
          new Part(
              name,
              status.getLen(),
              status.getModificationTime(),
              new HadoopFile(fileSystem, status)));
    }
    return parts;
  }
}
