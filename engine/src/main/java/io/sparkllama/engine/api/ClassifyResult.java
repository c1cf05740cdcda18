package io.sparkllama.engine.api;

import java.util.Optional;

/**
 * Holds the probabilities of labels.
 *
 * @param best index of the most probable label, the lowest on ties; -1 with an error
 * @param probabilities one per label, in the request's order; they sum to 1
 * @param logLikelihoods one per label: its tokens, then any of the model's end tokens, after the
 *     prompt
 */
public record ClassifyResult(
    int best,
    double[] probabilities,
    double[] logLikelihoods,
    int promptTokens,
    Optional<RowError> error) {

  /** Makes the result of a row that has no label. */
  public static ClassifyResult failed(int promptTokens, RowError error) {
    return new ClassifyResult(-1, new double[0], new double[0], promptTokens, Optional.of(error));
  }
}
