package io.sparkllama.bench.sidebyside;

import java.util.OptionalDouble;

/**
 * Holds what one contestant did in one round.
 *
 * @param bytesPerSecond what memory gave just before and after, the higher of both; empty where the
 *     work is not bound by memory
 */
record Turn(Reply.Measured measured, OptionalDouble bytesPerSecond) {
  static Turn of(Reply.Measured measured) {
    return new Turn(measured, OptionalDouble.empty());
  }

  double tokensPerSecond() {
    return measured.tokensPerSecond();
  }
}
