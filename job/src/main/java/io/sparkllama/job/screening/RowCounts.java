package io.sparkllama.job.screening;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Counts the rows of an input by what becomes of them.
 *
 * @param byFile fates and rows, by the file's path; an empty path where the input has no files
 */
record RowCounts(Map<String, Map<RowFate, Long>> byFile) {

  /**
   * Counts, in one pass over the input.
   *
   * @param screened as {@link RowScreen} gives it
   */
  static RowCounts of(Dataset<Row> screened) {
    Map<String, Map<RowFate, Long>> byFile = new HashMap<>();
    for (Row row : screened.groupBy(TakenRows.FILE, RowScreen.FATE).count().collectAsList()) {
      RowFate fate = RowFate.of(row.getString(1)).orElseThrow();
      byFile
          .computeIfAbsent(
              row.isNullAt(0) ? "" : row.getString(0), path -> new EnumMap<>(RowFate.class))
          .put(fate, row.getLong(2));
    }
    return new RowCounts(byFile);
  }

  long of(RowFate fate) {
    return byFile.values().stream().mapToLong(fates -> fates.getOrDefault(fate, 0L)).sum();
  }

  long all() {
    return byFile.values().stream()
        .flatMap(fates -> fates.values().stream())
        .mapToLong(Long::longValue)
        .sum();
  }

  /** Returns the rows that are set aside, by why; nothing for what there is none of. */
  Map<RowFate, Long> setAside() {
    Map<RowFate, Long> setAside = new EnumMap<>(RowFate.class);
    for (RowFate fate : RowFate.values()) {
      if (fate.isSetAside() && of(fate) > 0) {
        setAside.put(fate, of(fate));
      }
    }
    return setAside;
  }

  /** Tells whether a file has rows, and none that parsed. */
  boolean isOfAnotherFormat(String path) {
    Map<RowFate, Long> fates = byFile.getOrDefault(path, Map.of());
    return fates.size() == 1 && fates.containsKey(RowFate.UNPARSED);
  }
}
