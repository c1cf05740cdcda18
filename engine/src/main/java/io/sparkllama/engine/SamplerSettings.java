package io.sparkllama.engine;

import io.sparkllama.engine.api.SamplingParams;

/**
 * Holds what a step must know of how a sequence's tokens are chosen.
 *
 * @param counts of the sequence's tokens so far, which grow with it
 */
record SamplerSettings(SamplingParams sampling, SamplingKey key, TokenCounts counts) {
  /** Serves sequences that nothing is sampled from. */
  static final SamplerSettings NONE =
      new SamplerSettings(SamplingParams.greedy(1), new SamplingKey(0, 0), TokenCounts.NONE);
}
