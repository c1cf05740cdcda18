package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineOptions;

/**
 * Sizes a batch buffer: the most of everything that one step may hold.
 *
 * @param tokens tokens in a step
 * @param sequences sequences in a step
 * @param logitsRows positions in a step whose logits are wanted
 * @param candidates ids in a step whose log-probabilities are wanted
 * @param kvGroups groups of layers with a block table of their own
 * @param blocksPerSequence blocks of one sequence in one group
 * @param copies blocks copied before a step
 * @param topTokens most probable tokens that a position may ask for
 */
public record BatchCapacity(
    int tokens,
    int sequences,
    int logitsRows,
    int candidates,
    int kvGroups,
    int blocksPerSequence,
    int copies,
    int topTokens) {

  /** Rows of logits that a step has room for beside one per sequence: scoring wants many. */
  private static final int SCORED_ROWS = 256;

  /** Candidates of a step: one row may ask for all first tokens of many labels. */
  private static final int CANDIDATES = 65_536;

  private static final int TOP_TOKENS = 8;

  /**
   * Derives the capacity from an engine's options, so that no step which keeps to them overflows.
   *
   * @param contextLength most tokens of a sequence
   * @param blockSize positions in one KV block
   */
  public static BatchCapacity of(
      EngineOptions options, int kvGroups, int contextLength, int blockSize) {
    int tokens = options.maxBatchTokens();
    int sequences = Math.min(options.maxSequences(), tokens);
    return new BatchCapacity(
        tokens,
        sequences,
        Math.max(sequences, Math.min(tokens, SCORED_ROWS)),
        CANDIDATES,
        kvGroups,
        (contextLength + blockSize - 1) / blockSize,
        Math.multiplyExact(sequences, kvGroups),
        TOP_TOKENS);
  }
}
