package io.sparkllama.engine.cli;

/**
 * Says how fast a model can be at most on a machine: one row's decoding reads all weights that its
 * token passes from memory, and prompts take a multiply-add for each of them.
 *
 * @param work of the model's matrices
 * @param peaks of the machine
 */
record ExpectedSpeed(WeightWork work, MachinePeaks peaks) {
  /** Returns the bytes of weights that a token of one row reads. */
  double bytesPerToken() {
    return work.bytesPerStep(1);
  }

  /** Returns the tokens per second that one row is decoded at, if memory is all that takes time. */
  double decodeTokensPerSecond() {
    return peaks.bytesRead() / bytesPerToken();
  }

  /** Returns the tokens of prompts per second, if products are all that takes time. */
  double prefillTokensPerSecond() {
    return peaks.int8MultiplyAdds() / work.layerMultiplyAdds();
  }
}
