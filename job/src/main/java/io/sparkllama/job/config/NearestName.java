package io.sparkllama.job.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the known name that a wrong one was probably meant to be. */
public final class NearestName {
  private NearestName() {}

  /**
   * Returns the known name with the fewest edits to {@code wrong}, the first on ties; empty where
   * more than half of its characters would have to change.
   */
  public static Optional<String> of(String wrong, Collection<String> known) {
    String nearest = null;
    int fewest = Integer.MAX_VALUE;
    for (String name : known) {
      int edits = edits(wrong.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
      if (edits < fewest) {
        fewest = edits;
        nearest = name;
      }
    }
    return nearest == null || fewest > Math.max(2, wrong.length() / 2)
        ? Optional.empty()
        : Optional.of(nearest);
  }

  /** Returns " Did you mean NAME?", or nothing where no known name is near. */
  public static String question(String wrong, Collection<String> known) {
    return of(wrong, known).map(name -> " Did you mean " + name + "?").orElse("");
  }

  /** Counts insertions, deletions and replacements: Levenshtein's distance in one row. */
  private static int edits(String from, String to) {
    int[] row = new int[to.length() + 1]; // [to.length() + 1]
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[to.length()];
  }
}
