package io.sparkllama.job.screening;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.storage.StorageConnector;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.GlobFilter;
import org.apache.hadoop.fs.Path;

/**
 * Lists the files of an input as Spark finds them: wildcards are resolved, folders named {@code
 * column=value} are entered, others only where the format's options ask for that. Each file is
 * listed once, however many paths lead to it.
 */
final class FileListing {
  /** Ends the names of files that a writer has not finished. */
  private static final List<String> UNFINISHED =
      List.of("._COPYING_", ".tmp", ".inprogress", ".filepart");

  /** Begins the names of files that say something about data and hold none. */
  private static final List<String> REMARKS =
      List.of("_SUCCESS", "_metadata", "_common_metadata", "_committed_", "_started_");

  private final Configuration hadoop;
  private final List<String> paths;
  private final FileOptions options;

  FileListing(Configuration hadoop, List<String> paths, FileOptions options) {
    this.hadoop = hadoop;
    this.paths = List.copyOf(paths);
    this.options = options;
  }

  /**
   * Is what a listing finds, each in the order of the paths.
   *
   * @param files that can be read
   * @param partial files that somebody still writes: by their names, or since they are empty
   */
  record Found(List<InputFile> files, List<InputFile> partial) {}

  /**
   * Lists.
   *
   * @throws InvalidConfigurationException where a path leads to nothing
   */
  Found list() throws IOException {
    TreeMap<String, InputFile> files = new TreeMap<>();
    TreeMap<String, InputFile> partial = new TreeMap<>();
    GlobFilter names = options.fileNames().isPresent() ? filter() : null;
    for (String given : paths) {
      FileSystem fileSystem = fileSystem(given);
      FileStatus[] matches = fileSystem.globStatus(new Path(given));
      if (matches == null || matches.length == 0) {
        throw new InvalidConfigurationException(
            "The input cannot be read; correct input.path: Path does not exist: " + given);
      }
      for (FileStatus match : matches) {
        Path base = options.base().map(Path::new).map(fileSystem::makeQualified).orElse(null);
        Path root = match.isDirectory() ? match.getPath() : match.getPath().getParent();
        walk(
            fileSystem,
            match,
            file -> {
              boolean wanted = names == null || names.accept(file.getPath());
              if (wanted && !isRemark(file.getPath().getName())) {
                InputFile found = InputFile.of(file, base == null ? root : base);
                (isPartial(file) ? partial : files).put(found.path(), found);
              }
            });
      }
    }
    return new Found(List.copyOf(files.values()), List.copyOf(partial.values()));
  }

  /** Returns those of the files that are no longer as they were listed. */
  List<InputFile> changed(List<InputFile> files) throws IOException {
    List<InputFile> changed = new java.util.ArrayList<>();
    for (InputFile file : files) {
      if (now(file).filter(found -> found.isUnchangedSince(file)).isEmpty()) {
        changed.add(file);
      }
    }
    return changed;
  }

  private Optional<InputFile> now(InputFile file) throws IOException {
    try {
      FileStatus status = fileSystem(file.path()).getFileStatus(new Path(file.path()));
      return Optional.of(InputFile.of(status, new Path(file.base())));
    } catch (FileNotFoundException gone) {
      return Optional.empty();
    }
  }

  private interface Visitor {
    void visit(FileStatus file);
  }

  private void walk(FileSystem fileSystem, FileStatus entry, Visitor visitor) throws IOException {
    if (!entry.isDirectory()) {
      visitor.visit(entry);
      return;
    }
    FileStatus[] entries = fileSystem.listStatus(entry.getPath());
    Arrays.sort(entries, Comparator.comparing(FileStatus::getPath));
    for (FileStatus inner : entries) {
      String name = inner.getPath().getName();
      boolean entered = options.recursive() || name.indexOf('=') > 0;
      if (!inner.isDirectory() || (entered && !isIgnored(name))) {
        walk(fileSystem, inner, visitor);
      }
    }
  }

  private FileSystem fileSystem(String path) throws IOException {
    return StorageConnector.open(new Path(path), hadoop, "input.path");
  }

  private GlobFilter filter() throws IOException {
    return new GlobFilter(options.fileNames().orElseThrow());
  }

  private static boolean isPartial(FileStatus file) {
    String name = file.getPath().getName();
    return file.getLen() == 0 || isIgnored(name) || UNFINISHED.stream().anyMatch(name::endsWith);
  }

  /** Tells whether Spark passes over a name; the ends it knows are among the unfinished. */
  private static boolean isIgnored(String name) {
    return name.startsWith(".") || (name.startsWith("_") && name.indexOf('=') < 0);
  }

  private static boolean isRemark(String name) {
    return name.endsWith(".crc") || REMARKS.stream().anyMatch(name::startsWith);
  }
}
