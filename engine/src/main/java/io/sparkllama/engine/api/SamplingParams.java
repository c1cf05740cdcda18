package io.sparkllama.engine.api;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * Says how tokens are chosen and when an answer ends.
 *
 * @param temperature 0 takes the most probable token (ties to the lowest id); otherwise logits are
 *     divided by it
 * @param topK keeps the k most probable tokens; 0 keeps all
 * @param topP keeps the smallest set of tokens whose probability reaches p, in (0, 1]; 1 keeps all
 * @param minP drops tokens less probable than p times the most probable, in [0, 1]; 0 drops none
 * @param seed of the counter-based generator, with the row key, sample index and position
 * @param maxTokens most tokens generated, at least 1
 * @param stopStrings texts that end the answer; not part of it
 * @param stopTokens ids that end the answer, beside the model's own end tokens; not part of its
 *     text
 * @param penalties change logits before anything else
 */
public record SamplingParams(
    double temperature,
    int topK,
    double topP,
    double minP,
    long seed,
    int maxTokens,
    List<String> stopStrings,
    List<Integer> stopTokens,
    Penalties penalties)
    implements Serializable {

  public SamplingParams {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException(
          "temperature must be a finite number of at least 0, not " + temperature);
    }
    if (topK < 0) {
      throw new IllegalArgumentException(
          "top-k must be at least 0 (0 keeps all tokens), not " + topK);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top-p must be above 0 and at most 1, not " + topP);
    }
    if (!(minP >= 0 && minP <= 1)) {
      throw new IllegalArgumentException("min-p must be between 0 and 1, not " + minP);
    }
    if (maxTokens < 1) {
      throw new IllegalArgumentException("max-tokens must be at least 1, not " + maxTokens);
    }
    stopStrings = List.copyOf(stopStrings);
    if (stopStrings.contains("")) {
      throw new IllegalArgumentException("a stop string must not be empty");
    }
    stopTokens = List.copyOf(stopTokens);
    Objects.requireNonNull(penalties, "penalties");
  }

  /** Takes logits as the model gives them. */
  public SamplingParams(
      double temperature,
      int topK,
      double topP,
      double minP,
      long seed,
      int maxTokens,
      List<String> stopStrings,
      List<Integer> stopTokens) {
    this(temperature, topK, topP, minP, seed, maxTokens, stopStrings, stopTokens, Penalties.NONE);
  }

  /** Returns the same with other penalties. */
  public SamplingParams withPenalties(Penalties other) {
    return new SamplingParams(
        temperature, topK, topP, minP, seed, maxTokens, stopStrings, stopTokens, other);
  }

  /** Makes greedy parameters with no stop but the model's own. */
  public static SamplingParams greedy(int maxTokens) {
    return new SamplingParams(0, 0, 1, 0, 0, maxTokens, List.of(), List.of());
  }
}
