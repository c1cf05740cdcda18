package io.sparkllama.job.screening;

import io.sparkllama.job.screening.FileRecord.Fate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/**
 * Chooses the files that an intake reads: those that no earlier one has taken as they are now,
 * however old, and of equal contents one.
 */
final class FileScreen {
  private static final String EMPTY = "it is empty";
  private static final String UNFINISHED = "its name is one of a file that is being written";
  private static final String GROWING = "it changed while it was read";

  private final FileListing listing;
  private final FileProbe probe;

  /** Is what was found of files in this run: each is read through once. */
  private final Map<InputFile, FileProbe.Result> probed = new HashMap<>();

  FileScreen(FileListing listing, FileProbe probe) {
    this.listing = listing;
    this.probe = probe;
  }

  /**
   * Chooses; new files are read through.
   *
   * @param records of earlier intakes, from the first to the last
   */
  FileSelection select(SparkSession spark, List<FileRecord> records) throws IOException {
    KnownFiles known = new KnownFiles(records);
    FileListing.Found found = listing.list();
    List<FileRecord> others = new ArrayList<>();
    for (InputFile file : found.partial()) {
      others.add(FileRecord.of(file, "", Fate.PARTIAL, file.length() == 0 ? EMPTY : UNFINISHED));
    }
    long unchanged = 0;
    List<InputFile> candidates = new ArrayList<>();
    for (InputFile file : found.files()) {
      Optional<FileRecord> before = known.of(file);
      if (before.isEmpty()) {
        candidates.add(file);
      } else if (before.get().fate() == Fate.SET_ASIDE) {
        others.add(before.get()); // said each time while it is there
      } else {
        unchanged++;
      }
    }
    Map<String, String> sha256 = new HashMap<>();
    List<InputFile> chosen = new ArrayList<>();
    probe(spark, candidates);
    for (InputFile file : candidates) {
      FileProbe.Result result = probed.get(file);
      Optional<FileRecord> other = other(file, result, known);
      if (other.isPresent()) {
        others.add(other.get());
      } else {
        chosen.add(file);
        sha256.put(file.path(), result.sha256());
        known.add(FileRecord.of(file, result.sha256(), Fate.TAKEN, ""));
      }
    }
    return new FileSelection(chosen, sha256, unchanged, others);
  }

  private void probe(SparkSession spark, List<InputFile> files) throws IOException {
    List<InputFile> unread = files.stream().filter(file -> !probed.containsKey(file)).toList();
    Map<String, FileProbe.Result> results = probe.probe(spark, unread);
    unread.forEach(file -> probed.put(file, results.get(file.path())));
  }

  /** Remembers that rows of a file cannot be read, and leaves it out. */
  FileSelection without(FileSelection selection, InputFile file, String problem) {
    probed.computeIfPresent(
        file, (same, result) -> new FileProbe.Result(result.length(), result.sha256(), problem));
    return selection.without(file, Fate.SET_ASIDE, problem);
  }

  private static Optional<FileRecord> other(
      InputFile file, FileProbe.Result result, KnownFiles known) {
    if (!result.problem().isEmpty()) {
      return Optional.of(FileRecord.of(file, result.sha256(), Fate.SET_ASIDE, result.problem()));
    }
    if (result.length() != file.length()) {
      return Optional.of(FileRecord.of(file, "", Fate.PARTIAL, GROWING));
    }
    return known
        .withContents(file, result.sha256())
        .map(same -> FileRecord.of(file, result.sha256(), Fate.REDELIVERED, same.path()));
  }

  /** Leaves out the files that were written to since the selection was made. */
  FileSelection withoutChanged(FileSelection selection) throws IOException {
    FileSelection left = selection;
    for (InputFile file : listing.changed(selection.files())) {
      left = left.without(file, Fate.PARTIAL, GROWING);
    }
    return left;
  }
}
