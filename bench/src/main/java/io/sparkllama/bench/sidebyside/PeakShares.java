package io.sparkllama.bench.sidebyside;

import io.sparkllama.engine.cli.MachinePeaks;
import io.sparkllama.engine.cli.WeightWork;
import java.util.OptionalDouble;

/**
 * Relates tokens per second to the machine's peaks. A work's multiply-adds are those of the weights
 * alone, the output matrix only for positions whose logits are wanted.
 */
record PeakShares(WeightWork weights, MachinePeaks peaks) {
  /** Returns the share of the int8 peak; empty for works of both phases. */
  OptionalDouble ofInt8Peak(Work work, double tokensPerSecond) {
    double perToken = weights.layerMultiplyAdds();
    if (work instanceof Work.Prefill prefill) {
      perToken += (double) weights.outputMultiplyAdds() / prefill.tokens();
    } else if (work instanceof Work.Decode) {
      perToken += weights.outputMultiplyAdds();
    } else {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(perToken * tokensPerSecond / peaks.int8MultiplyAdds());
  }
}
