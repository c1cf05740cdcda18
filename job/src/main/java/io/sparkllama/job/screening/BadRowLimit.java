package io.sparkllama.job.screening;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.BadRows;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Says how many rows a run may set aside: a few are a fault of theirs, many one of the input or of
 * the job.
 *
 * @param percent of the rows that it reads; so many are allowed where it is more than 20 rows
 */
public record BadRowLimit(BadRows policy, double percent) {
  private static final long FEW = 20;

  /**
   * Refuses a run before any of its rows goes to the model.
   *
   * @throws InvalidConfigurationException says how many rows are bad, and why
   */
  void check(RowCounts counts) {
    Map<RowFate, Long> bad = counts.setAside();
    long sum = bad.values().stream().mapToLong(Long::longValue).sum();
    if (sum == 0) {
      return;
    }
    String found =
        bad.entrySet().stream()
            .map(entry -> entry.getValue() + " " + entry.getKey().text())
            .collect(Collectors.joining(", ", ": ", " of " + counts.all() + " rows"));
    if (policy == BadRows.REFUSE) {
      throw new InvalidConfigurationException(
          "The input has rows that cannot be taken, and input.bad-rows is refuse; correct them, or"
              + " set it to set-aside"
              + reasons(bad)
              + found);
    }
    if (sum > Math.max(FEW, (long) (counts.all() * percent / 100))) {
      throw new InvalidConfigurationException(
          "The input has more rows that cannot be taken than input.bad-rows-percent allows; correct"
              + " input.key, input.options or the input, or raise that key"
              + reasons(bad)
              + found
              + ", where "
              + String.format(Locale.ROOT, "%s%% or %d are allowed", percent, FEW));
    }
  }

  private static String reasons(Map<RowFate, Long> bad) {
    StringBuilder reasons = new StringBuilder();
    if (bad.containsKey(RowFate.NULL_KEY)) {
      reasons.append(". input.key must not be null");
    }
    if (bad.containsKey(RowFate.AMBIGUOUS_KEY)) {
      reasons.append(". input.key must differ from row to row, where rows are not equal");
    }
    if (bad.containsKey(RowFate.CHANGED)) {
      reasons.append(". Rows that were taken before have changed since");
    }
    if (bad.containsKey(RowFate.UNPARSED)) {
      reasons.append(". Records do not parse as input.format");
    }
    return reasons.toString();
  }
}
