package io.sparkllama.job.metrics;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/**
 * Holds what has been done: of a partition, or of a job.
 *
 * @param rows of the output
 * @param repeatedRows of the rows, those whose prompt was answered for another row
 * @param promptTokens of all rows, repeated ones too
 * @param cachedTokens of the prompts' tokens, those that were not computed: the prefix cache had
 *     them, or the row was a repeated one
 * @param errors rows with an error, by its class
 * @param goldRows rows whose gold label is not null
 * @param goldHits of these, the rows whose label is the gold label
 */
public record GenerationCounts(
    long rows,
    long repeatedRows,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    long goldRows,
    long goldHits,
    Map<String, Long> errors)
    implements Serializable {

  public static final GenerationCounts NONE = new GenerationCounts(0, 0, 0, 0, 0, 0, 0, Map.of());

  public GenerationCounts {
    errors = errors.isEmpty() ? Map.of() : new TreeMap<>(errors);
  }

  /** Counts tokens that the prefix cache had. */
  public static GenerationCounts ofCachedTokens(long tokens) {
    return tokens == 0 ? NONE : new GenerationCounts(0, 0, 0, tokens, 0, 0, 0, Map.of());
  }

  /** Counts the label of a row that has a gold label. */
  public static GenerationCounts ofGold(int hits) {
    return new GenerationCounts(0, 0, 0, 0, 0, 1, hits, Map.of());
  }

  /** Returns the same for a row whose prompt was answered for another one. */
  public GenerationCounts asRepeated() {
    return new GenerationCounts(
        rows, rows, promptTokens, cached(), completionTokens, goldRows, goldHits, errors);
  }

  /** Returns the same for a row whose prompt was computed for another completion of it. */
  public GenerationCounts withPromptCached() {
    return new GenerationCounts(
        rows, repeatedRows, promptTokens, cached(), completionTokens, goldRows, goldHits, errors);
  }

  /** The prompt of a row with an error is computed for no row. */
  private long cached() {
    return errors.isEmpty() ? promptTokens : 0;
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
        repeatedRows + other.repeatedRows,
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
