package io.sparkllama.engine;

import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.constraint.ConstrainedAnswer;
import java.util.Optional;

/**
 * Holds what a step must know of how a sequence's tokens are chosen.
 *
 * @param counts of the sequence's tokens so far, which grow with it
 * @param constrained the answer so far, where it may not be anything; it grows with the sequence
 */
record SamplerSettings(
    SamplingParams sampling,
    SamplingKey key,
    TokenCounts counts,
    Optional<ConstrainedAnswer> constrained) {
  /** Serves sequences that nothing is sampled from. */
  static final SamplerSettings NONE =
      new SamplerSettings(
          SamplingParams.greedy(1), new SamplingKey(0, 0), TokenCounts.NONE, Optional.empty());
}
