package io.sparkllama.job.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Sees from the files of an output how far its job has come, at a moment that another process sets.
 */
record JobFolder(Path output) {

  /**
   * Counts what is there.
   *
   * @param writtenBatches whose rows are all in the output
   * @param committedBatches that no run answers again
   */
  record Progress(int writtenBatches, int committedBatches) {
    boolean isInCommit() {
      return writtenBatches > committedBatches;
    }
  }

  Progress progress() {
    // Committed ones first: what is committed between the two looks is no commit that is under way.
    int committed =
        find("_sparkllama", "*", "checkpoint", "commits", "[0-9]*").stream()
            .mapToInt(commit -> Integer.parseInt(commit.getFileName().toString()) + 1)
            .max() // Spark forgets the oldest of many
            .orElse(0);
    int written = find("configuration=*", "batch=*", "_SUCCESS").size();
    return new Progress(written, committed);
  }

  /** Tells whether rows have been taken in since a moment: whether files of them are there. */
  boolean isTakenInSince(Instant moment) throws IOException {
    for (Path intake : find("_sparkllama", "*", "work", "intake=*")) {
      if (Files.getLastModifiedTime(intake).toInstant().isAfter(moment)) {
        return true;
      }
    }
    return false;
  }

  /** Waits until a run has committed a micro-batch, with others to come. */
  void awaitCommit(SubmittedJob run) throws IOException, InterruptedException {
    while (progress().committedBatches() < 1) {
      run.requireRunning("its first commit");
      Thread.sleep(10);
    }
  }

  /** Returns the files whose path below the output has such names. */
  private List<Path> find(String... names) {
    List<Path> found = List.of(output);
    for (String name : names) {
      PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + name);
      List<Path> deeper = new ArrayList<>();
      for (Path folder : found) {
        try (Stream<Path> files = Files.list(folder)) {
          files.filter(file -> matcher.matches(file.getFileName())).forEach(deeper::add);
        } catch (NoSuchFileException | NotDirectoryException notYet) {
          // not there yet, or no longer
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      found = deeper;
    }
    return found;
  }
}
