package io.sparkllama.job.metrics;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * Holds what has been done: of a partition, or of a job.
 *
 * @param cachedTokens tokens that the prefix cache had, so that they were not computed
 * @param errors rows with an error, by its class
 * @param goldRows rows whose gold label is not null
 * @param goldHits of these, the rows whose label is the gold label
 */
public record GenerationCounts(
    long rows,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    long goldRows,
    long goldHits,
    Map<String, Long> errors)
    implements Serializable {

  public static final GenerationCounts NONE = new GenerationCounts(0, 0, 0, 0, 0, 0, Map.of());

  public GenerationCounts {
    errors = errors.isEmpty() ? Map.of() : new TreeMap<>(errors);
  }

  /** Counts tokens that the prefix cache had. */
  public static GenerationCounts ofCachedTokens(long tokens) {
    return tokens == 0 ? NONE : new GenerationCounts(0, 0, tokens, 0, 0, 0, Map.of());
  }

  /** Returns the sum of both. */
  public GenerationCounts plus(GenerationCounts other) {
    Map<String, Long> sum = errors;
    if (!other.errors.isEmpty()) {
      sum = new TreeMap<>(errors);
      for (Map.Entry<String, Long> entry : other.errors.entrySet()) {
        sum.merge(entry.getKey(), entry.getValue(), Long::sum);
      }
    }
    return new GenerationCounts(
        rows + other.rows,
        promptTokens + other.promptTokens,
        cachedTokens + other.cachedTokens,
        completionTokens + other.completionTokens,
        goldRows + other.goldRows,
        goldHits + other.goldHits,
        sum);
  }

  /** Returns all rows with an error. */
  public long errorRows() {
    return errors.values().stream().mapToLong(Long::longValue).sum();
  }
}
