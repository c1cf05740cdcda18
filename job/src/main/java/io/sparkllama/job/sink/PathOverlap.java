package io.sparkllama.job.sink;

import io.sparkllama.job.storage.StorageConnector;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Tells whether an output shares files with an input: wildcards are resolved, and links of a local
 * disk.
 */
final class PathOverlap {
  private final Configuration hadoop;
  private final Path output;

  PathOverlap(Configuration hadoop, String output) throws IOException {
    this.hadoop = hadoop;
    Path path = new Path(output);
    this.output = resolved(StorageConnector.open(path, hadoop, "output.path"), path);
  }

  /** Tells whether one of input and output lies in the other, or is the other. */
  boolean with(String input) throws IOException {
    Path path = new Path(input);
    FileSystem fileSystem = StorageConnector.open(path, hadoop, "input.path");
    List<Path> places = new ArrayList<>(List.of(path));
    FileStatus[] matches = fileSystem.globStatus(path);
    for (FileStatus match : matches == null ? new FileStatus[0] : matches) {
      places.add(match.getPath());
    }
    for (Path place : places) {
      Path resolved = resolved(fileSystem, place);
      if (contains(output, resolved) || contains(resolved, output)) {
        return true;
      }
    }
    return false;
  }

  private static Path resolved(FileSystem fileSystem, Path path) throws IOException {
    Path qualified = fileSystem.makeQualified(path);
    if (!"file".equals(qualified.toUri().getScheme())) {
      return qualified;
    }
    // What is not there yet cannot be a link: the nearest folder above it that is there decides.
    java.nio.file.Path local = java.nio.file.Path.of(qualified.toUri().getPath()).normalize();
    java.nio.file.Path there = local;
    while (there.getParent() != null && !Files.exists(there)) {
      there = there.getParent();
    }
    java.nio.file.Path real = there.toRealPath().resolve(there.relativize(local));
    return fileSystem.makeQualified(new Path("file", null, real.toString()));
  }

  private static boolean contains(Path outer, Path inner) {
    for (Path path = inner; path != null; path = path.getParent()) {
      if (path.equals(outer)) {
        return true;
      }
    }
    return false;
  }
}
