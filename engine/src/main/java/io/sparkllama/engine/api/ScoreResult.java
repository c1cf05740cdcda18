package io.sparkllama.engine.api;

import java.util.Optional;

/**
 * Holds the log-likelihood of a continuation.
 *
 * @param logLikelihood natural logarithm, summed over the continuation's tokens
 * @param tokens of the continuation
 * @param tokenLogProbabilities one per token of the continuation
 * @param greedy whether each token is the most probable one at its place
 * @param promptTokens tokens of context and continuation, BOS included
 */
public record ScoreResult(
    double logLikelihood,
    int[] tokens,
    double[] tokenLogProbabilities,
    boolean greedy,
    int promptTokens,
    Optional<RowError> error) {

  /** Makes the result of a row that has no score. */
  public static ScoreResult failed(int promptTokens, RowError error) {
    return new ScoreResult(0, new int[0], new double[0], false, promptTokens, Optional.of(error));
  }
}
