package io.sparkllama.job.screening;

import io.sparkllama.job.report.InputFiles;
import io.sparkllama.job.report.LeftFile;
import io.sparkllama.job.screening.FileRecord.Fate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Is what an intake makes of the files of its input.
 *
 * @param files that it reads, in the order of their paths
 * @param sha256 of these, by path
 * @param known number of files that earlier intakes have taken and that nobody has changed since
 * @param others re-delivered, set aside and partial ones, each with the reason
 */
record FileSelection(
    List<InputFile> files, Map<String, String> sha256, long known, List<FileRecord> others) {
  /** Is that of an input without files. */
  static final FileSelection NONE = new FileSelection(List.of(), Map.of(), 0, List.of());

  FileSelection {
    files = List.copyOf(files);
    sha256 = Map.copyOf(sha256);
    others = List.copyOf(others);
  }

  /**
   * Returns the same without a file that turned out otherwise. Files that were left out since this
   * one has their contents share its fate: else nobody would ever read them.
   */
  FileSelection without(InputFile file, Fate fate, String detail) {
    List<InputFile> left = new ArrayList<>(files);
    left.remove(file);
    String contents = sha256.getOrDefault(file.path(), "");
    List<FileRecord> more = new ArrayList<>();
    for (FileRecord other : others) {
      boolean same =
          other.fate() == Fate.REDELIVERED
              && other.detail().equals(file.path())
              && other.sha256().equals(contents);
      more.add(same ? other.as(fate, detail) : other);
    }
    more.add(FileRecord.of(file, contents, fate, detail));
    return new FileSelection(left, sha256, known, more);
  }

  /** Returns the file that is read from a path. */
  Optional<InputFile> file(String path) {
    return files.stream().filter(file -> file.path().equals(path)).findFirst();
  }

  /** Returns what a manifest keeps: the files that are taken, and what is known of the others. */
  List<FileRecord> records() {
    List<FileRecord> records = new ArrayList<>();
    for (InputFile file : files) {
      records.add(FileRecord.of(file, sha256.getOrDefault(file.path(), ""), Fate.TAKEN, ""));
    }
    others.stream().filter(record -> record.fate() != Fate.PARTIAL).forEach(records::add);
    return records;
  }

  /** Returns what a summary says of the files. */
  InputFiles report() {
    return new InputFiles(
        files.size(),
        known,
        others.stream()
            .map(file -> new LeftFile(file.path(), file.fate().text(), file.detail()))
            .toList());
  }
}
