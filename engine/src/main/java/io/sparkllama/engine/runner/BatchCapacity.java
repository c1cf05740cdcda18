package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.Penalties;

/**
 * Sizes a batch buffer: the most of everything that one step may hold.
 *
 * @param tokens tokens in a step
 * @param sequences sequences in a step
 * @param logitsRows positions in a step whose logits are wanted
 * @param candidates ids in a step whose log-probabilities are wanted
 * @param adjustments ids in a step whose logits are changed before a row is sampled from
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
    int adjustments,
    int kvGroups,
    int blocksPerSequence,
    int copies,
    int topTokens) {

  /** Rows of logits that a step has room for beside one per sequence: scoring wants many. */
  private static final int SCORED_ROWS = 256;

  /** Candidates of a step: one row may ask for all first tokens of many labels. */
  private static final int CANDIDATES = 65_536;

  /**
   * Adjustments of a step, 12 bytes each: 1,024 ids for each of 64 rows, 768 KiB, or what one row
   * may need where that is more. It has one for every different id of its prompt and answer at
   * most, and one for every bias. Rows that find no room wait for the next step.
   */
  private static final int ADJUSTMENTS = 65_536;

  private static final int TOP_TOKENS = 8;

  /** Token masks that native memory has room for: at 128k tokens 32 MiB, touched as they come. */
  private static final int MASKS = 2048;

  /** Masks for each sequence at least, so that none which a step needs is crowded out. */
  private static final int MASKS_PER_SEQUENCE = 4;

  /** Returns how many token masks there is room for beside the buffer. */
  public int masks() {
    return Math.max(MASKS, MASKS_PER_SEQUENCE * sequences);
  }

  /**
   * Derives the capacity from an engine's options, so that no step which keeps to them overflows.
   *
   * @param contextLength most tokens of a sequence
   * @param blockSize positions in one KV block
   */
  public static BatchCapacity of(
      EngineOptions options, int vocabularySize, int kvGroups, int contextLength, int blockSize) {
    int tokens = options.maxBatchTokens();
    int sequences = Math.min(options.maxSequences(), tokens);
    return new BatchCapacity(
        tokens,
        sequences,
        Math.max(sequences, Math.min(tokens, SCORED_ROWS)),
        CANDIDATES,
        Math.max(ADJUSTMENTS, Math.min(vocabularySize, contextLength + Penalties.MOST_BIASES)),
        kvGroups,
        (contextLength + blockSize - 1) / blockSize,
        Math.multiplyExact(sequences, kvGroups),
        TOP_TOKENS);
  }
}
