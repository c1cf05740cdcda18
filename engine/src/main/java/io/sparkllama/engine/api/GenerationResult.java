package io.sparkllama.engine.api;

import java.util.Optional;

/**
 * Holds one completion.
 *
 * @param text the answer without its end token or stop string
 * @param reasoning what the model thought before it answered, where the request asks for that and
 *     the model did
 * @param tokens generated ids, with the end or stop token where one ended the answer
 * @param promptTokens tokens of the prompt after truncation, BOS included
 * @param logProbability sum over {@code tokens} under the distribution sampled from (at temperature
 *     0 the model's own, after {@link Penalties})
 * @param error present where the finish reason is {@link FinishReason#ERROR}
 */
public record GenerationResult(
    String text,
    Optional<String> reasoning,
    int[] tokens,
    FinishReason finishReason,
    int promptTokens,
    double logProbability,
    Optional<RowError> error) {

  /** Makes the result of a row that has no answer. */
  public static GenerationResult failed(int promptTokens, RowError error) {
    return new GenerationResult(
        "", Optional.empty(), new int[0], FinishReason.ERROR, promptTokens, 0, Optional.of(error));
  }
}
