package io.sparkllama.job.durable;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.DistributedFileSystem;

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

  /** Returns it as Java knows it; empty where it is in another storage than a local disk. */
  Optional<java.nio.file.Path> local() {
    java.net.URI uri = fileSystem.makeQualified(path).toUri();
    return "file".equals(uri.getScheme())
        ? Optional.of(java.nio.file.Path.of(uri.getPath()))
        : Optional.empty();
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

  /** Returns the files in a folder and in its folders, by their paths from here. */
  List<String> filesBelow() throws IOException {
    List<String> files = new ArrayList<>();
    addFiles(path, "", files);
    return files;
  }

  private void addFiles(Path folder, String prefix, List<String> files) throws IOException {
    FileStatus[] children;
    try {
      children = fileSystem.listStatus(folder);
    } catch (FileNotFoundException absent) {
      return;
    }
    for (FileStatus child : children) {
      String name = prefix + child.getPath().getName();
      if (child.isDirectory()) {
        addFiles(child.getPath(), name + "/", files);
      } else {
        files.add(name);
      }
    }
  }

  /** Returns the same with the checksums that Hadoop keeps beside local files, and hides. */
  List<StoredPath> allChildren() throws IOException {
    FileSystem all =
        fileSystem instanceof ChecksumFileSystem local ? local.getRawFileSystem() : fileSystem;
    return new StoredPath(all, path).children();
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
    if (!exists() || !children().isEmpty()) {
      return;
    }
    if (local().isEmpty()) {
      fileSystem.delete(path, false);
      return;
    }
    try { // in one step, where Hadoop looks once more and then removes whatever is there
      Files.deleteIfExists(local().get());
    } catch (DirectoryNotEmptyException others) {
      // it stays
    }
  }

  /**
   * Takes a place where nothing is yet. On a local disk and on HDFS that is one step, in which
   * nobody can come between; an object store copies file by file.
   *
   * @return whether it has; not where something is there
   */
  boolean moveToFree(StoredPath target) throws IOException {
    fileSystem.mkdirs(target.path.getParent());
    try {
      if (local().isPresent()) {
        // Past Hadoop, which would move it into a folder that is there.
        Files.move(local().get(), target.local().orElseThrow(), StandardCopyOption.ATOMIC_MOVE);
        return true;
      }
      if (fileSystem instanceof DistributedFileSystem hdfs) {
        hdfs.rename(path, target.path, Options.Rename.NONE); // its plain rename moves into a folder
        return true;
      }
      return moveToFreeAsSeen(target);
    } catch (FileSystemException | FileNotFoundException | FileAlreadyExistsException refused) {
      if (target.exists()) {
        return false;
      }
      throw refused;
    }
  }

  /** Does so where a storage has no step for it. */
  private boolean moveToFreeAsSeen(StoredPath target) throws IOException {
    if (target.exists()) {
      return false;
    }
    if (!fileSystem.rename(path, target.path)) {
      throw new IOException("A part of the output cannot be renamed: " + path);
    }
    return true;
  }

  /** Moves a file over another one or to a free place; it is here until all of it is there. */
  void copyOver(StoredPath target) throws IOException {
    FileUtil.copy(
        fileSystem, path, target.fileSystem, target.path, true, true, fileSystem.getConf());
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
