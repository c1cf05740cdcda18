package io.sparkllama.job.durable;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Is a file or folder of the output's storage, there or not, with what a run does to one. */
record StoredPath(FileSystem fileSystem, Path path) {
  /** What a run keeps for itself is small; a larger file is none of its own. */
  private static final long MOST_BYTES = 64L << 20;

  StoredPath child(String name) {
    return new StoredPath(fileSystem, new Path(path, name));
  }

  String name() {
    return path.getName();
  }

  /** Tells whether who reads the folder that it lies in passes it over. */
  boolean isHidden() {
    return name().startsWith("_") || name().startsWith(".");
  }

  boolean exists() throws IOException {
    return fileSystem.exists(path);
  }

  /** Returns what lies in a folder, in the order of names; nothing where there is no folder. */
  List<StoredPath> children() throws IOException {
    try {
      return Arrays.stream(fileSystem.listStatus(path))
          .map(FileStatus::getPath)
          .sorted()
          .map(child -> new StoredPath(fileSystem, child))
          .toList();
    } catch (FileNotFoundException absent) {
      return List.of();
    }
  }

  /** Reads a file of a run's own; empty where there is none. */
  Optional<byte[]> bytes() throws IOException {
    try {
      long length = fileSystem.getFileStatus(path).getLen();
      if (length > MOST_BYTES) {
        throw new IOException(
            "A file beside the output is too large to be one of a run; restore it: " + path);
      }
      try (InputStream in = fileSystem.open(path)) {
        return Optional.of(in.readNBytes((int) MOST_BYTES));
      }
    } catch (FileNotFoundException absent) {
      return Optional.empty();
    }
  }

  /**
   * Writes a file: under another name first, so that it is whole or absent.
   *
   * @throws IOException where it would be too large to be read again
   */
  void write(byte[] bytes) throws IOException {
    if (bytes.length > MOST_BYTES) {
      throw new IOException(
          "A file beside the output would be larger than runs read, so that it is not written; use"
              + " smaller batches (output.batch-rows): "
              + path);
    }
    Path begun = new Path(path.getParent(), "_" + path.getName() + ".new");
    try (OutputStream out = fileSystem.create(begun, true)) {
      out.write(bytes);
    }
    fileSystem.delete(path, false);
    if (!fileSystem.rename(begun, path)) {
      throw new IOException("A file beside the output cannot be renamed: " + begun);
    }
  }

  /** Removes it with all that lies in it; fine where there is nothing. */
  void delete() throws IOException {
    if (!fileSystem.delete(path, true) && exists()) {
      throw new IOException("A part of the output cannot be removed: " + path);
    }
  }

  /** Removes a folder in which nothing lies; leaves all else, also what others write meanwhile. */
  void deleteEmpty() throws IOException {
    if (exists() && children().isEmpty()) {
      fileSystem.delete(path, false);
    }
  }

  /** Takes the place of another path, which may be there. */
  void moveTo(StoredPath target) throws IOException {
    target.delete();
    fileSystem.mkdirs(target.path.getParent());
    if (!fileSystem.rename(path, target.path)) {
      throw new IOException("A part of the output cannot be renamed: " + path);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
