package io.sparkllama.job.sink;

import io.sparkllama.job.storage.StorageConnector;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Is the folder of an output, with the file that says what it was made with. That file's name
 * begins with an underscore, so that nobody reads it as data.
 */
final class OutputFolder {
  private static final Logger LOG = LoggerFactory.getLogger(OutputFolder.class);
  private static final String FINGERPRINT = "_sparkllama.json";

  /** Where Hadoop's committer keeps what is not committed. */
  private static final String UNCOMMITTED = "_temporary";

  private final FileSystem fileSystem;
  private final Path folder;

  OutputFolder(String path, Configuration hadoop) throws IOException {
    this.folder = new Path(path);
    this.fileSystem = StorageConnector.open(folder, hadoop, "output.path");
  }

  boolean exists() throws IOException {
    return fileSystem.exists(folder);
  }

  boolean isFolder() throws IOException {
    return exists() && fileSystem.getFileStatus(folder).isDirectory();
  }

  /** Tells whether there is anything that a reader would take as data. */
  boolean holdsData() throws IOException {
    return exists()
        && Arrays.stream(fileSystem.listStatus(folder))
            .map(entry -> entry.getPath().getName())
            .anyMatch(name -> !name.startsWith("_") && !name.startsWith("."));
  }

  /** Reads what the output was made with; empty where nothing says so. */
  Optional<Fingerprint> fingerprint() throws IOException {
    Path file = new Path(folder, FINGERPRINT);
    if (!fileSystem.exists(file)) {
      return Optional.empty();
    }
    try (InputStream in = fileSystem.open(file)) {
      String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Optional.of(Fingerprint.parse(json, file.toString()));
    }
  }

  /**
   * Writes what the output is made with: under another name first, so that it is whole or absent.
   */
  void write(Fingerprint fingerprint) throws IOException {
    putFingerprint(fingerprint.json().getBytes(StandardCharsets.UTF_8));
  }

  /** Writes what {@link #takeFingerprint} gave. */
  void putFingerprint(byte[] bytes) throws IOException {
    Path file = new Path(folder, FINGERPRINT);
    Path begun = new Path(folder, FINGERPRINT + ".new");
    try (OutputStream out = fileSystem.create(begun, true)) {
      out.write(bytes);
    }
    fileSystem.delete(file, false);
    if (!fileSystem.rename(begun, file)) {
      throw new IOException("A file of the output cannot be renamed: " + begun);
    }
  }

  /** Removes what the output was made with, and returns it, whatever it says. */
  Optional<byte[]> takeFingerprint() throws IOException {
    Path file = new Path(folder, FINGERPRINT);
    if (!fileSystem.exists(file)) {
      return Optional.empty();
    }
    byte[] bytes;
    try (InputStream in = fileSystem.open(file)) {
      bytes = in.readAllBytes();
    }
    fileSystem.delete(file, false);
    return Optional.of(bytes);
  }

  /**
   * Removes what a killed run left uncommitted. Hadoop's committer would take it for its own: the
   * rows would be added to the output, where they are now answered again.
   */
  void removeUncommitted() throws IOException {
    if (fileSystem.delete(new Path(folder, UNCOMMITTED), true)) {
      LOG.warn("Removed what an earlier run had not committed to the output: {}", folder);
    }
  }
}
