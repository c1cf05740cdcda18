package io.sparkllama.engine;

import io.sparkllama.engine.api.SamplingParams;

/** Holds what a step must know of how a sequence's tokens are chosen. */
record SamplerSettings(SamplingParams sampling, SamplingKey key) {
  /** Serves sequences that nothing is sampled from. */
  static final SamplerSettings NONE =
      new SamplerSettings(SamplingParams.greedy(1), new SamplingKey(0, 0));
}
