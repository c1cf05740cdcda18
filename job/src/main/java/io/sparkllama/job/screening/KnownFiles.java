package io.sparkllama.job.screening;

import io.sparkllama.job.screening.FileRecord.Fate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Knows what has become of the files of an input, in earlier intakes and in this one. */
final class KnownFiles {
  private final Map<String, FileRecord> latest = new HashMap<>();
  private final Map<Contents, FileRecord> takenContents = new HashMap<>();

  /** Is what tells contents from others: equal bytes in other partitions give other rows. */
  private record Contents(long length, String sha256, String partition) {}

  /**
   * @param records of all intakes, from the first to the last
   */
  KnownFiles(List<FileRecord> records) {
    records.forEach(this::add);
  }

  /** Adds what becomes of a file now. */
  void add(FileRecord record) {
    latest.put(record.path(), record);
    if (record.fate() == Fate.TAKEN) {
      takenContents.putIfAbsent(
          new Contents(record.length(), record.sha256(), record.partition()), record);
    }
  }

  /** Returns what is known of a file that is as it was when that came to be known. */
  Optional<FileRecord> of(InputFile file) {
    return Optional.ofNullable(latest.get(file.path())).filter(record -> record.isOf(file));
  }

  /** Returns the file whose equal contents were taken. */
  Optional<FileRecord> withContents(InputFile file, String sha256) {
    return Optional.ofNullable(
        takenContents.get(new Contents(file.length(), sha256, file.partition())));
  }
}
