package io.sparkllama.job.metrics;

import io.sparkllama.engine.EngineStatistics;
import java.io.Serializable;

/**
 * Tells what an executor's engine has on hand, as of its last step.
 *
 * @param steps since it was opened
 * @param stepSequences sequences in a step, summed up over all steps
 * @param usedBlocks KV blocks that sequences hold
 * @param blocks KV blocks that there are
 */
public record EngineLoad(long steps, long stepSequences, int usedBlocks, int blocks)
    implements Serializable {
  static final EngineLoad NONE = new EngineLoad(0, 0, 0, 0);

  /** Takes it out of an engine's statistics. */
  public static EngineLoad of(EngineStatistics statistics) {
    return new EngineLoad(
        statistics.steps(),
        statistics.occupancy().stepSequences(),
        statistics.occupancy().usedBlocks(),
        statistics.occupancy().blocks());
  }

  /** Returns the one of both that was told later, of one engine. */
  EngineLoad later(EngineLoad other) {
    return other.steps >= steps ? other : this;
  }
}
