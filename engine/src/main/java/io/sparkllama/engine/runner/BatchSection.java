package io.sparkllama.engine.runner;

import java.util.function.ToLongFunction;

/**
 * Lists the arrays of a batch buffer, in the order in which they lie. The order, the element sizes
 * and the lengths are the contract with native code ({@code runner/batch_layout.h}): the library is
 * asked for its own offsets when it is loaded and refused when they differ.
 */
public enum BatchSection {
  /** int32 [32]: see {@link BatchHeader}. */
  HEADER(4, c -> 32),

  // Per token of the step.
  /** int32 [tokens]: an id, or -1-i for "what logits row i of the previous step sampled". */
  TOKEN_ID(4, BatchCapacity::tokens),
  /** int32 [tokens]: absolute position in its sequence. */
  TOKEN_POSITION(4, BatchCapacity::tokens),
  /** int32 [tokens]: index into the per-sequence arrays. */
  TOKEN_SEQUENCE(4, BatchCapacity::tokens),
  /** int32 [kvGroups, tokens]: block * blockSize + offset within the block. */
  TOKEN_KV_SLOT(4, c -> (long) c.kvGroups() * c.tokens()),

  // Per sequence of the step. Its tokens stand together, in order of position.
  /** int32 [sequences]: index of its first token in the step. */
  SEQUENCE_FIRST_TOKEN(4, BatchCapacity::sequences),
  /** int32 [sequences]: its tokens in the step. */
  SEQUENCE_TOKEN_COUNT(4, BatchCapacity::sequences),
  /** int32 [sequences]: its positions in the KV cache after the step. */
  SEQUENCE_CONTEXT_LENGTH(4, BatchCapacity::sequences),
  /** int32 [kvGroups, sequences, blocksPerSequence]: block ids, in order of position. */
  SEQUENCE_BLOCK_TABLE(4, c -> (long) c.kvGroups() * c.sequences() * c.blocksPerSequence()),
  /** int32 [sequences]: -1 for none. Native code refuses others as yet. */
  SEQUENCE_ADAPTER(4, BatchCapacity::sequences),
  /** int32 [sequences]: id in the pool of token masks, for its row that samples; -1 for none. */
  SEQUENCE_MASK(4, BatchCapacity::sequences),
  /** float32 [sequences]: 0 is greedy. */
  SEQUENCE_TEMPERATURE(4, BatchCapacity::sequences),
  /** int32 [sequences]: 0 keeps all. */
  SEQUENCE_TOP_K(4, BatchCapacity::sequences),
  /** float32 [sequences]: 1 keeps all. */
  SEQUENCE_TOP_P(4, BatchCapacity::sequences),
  /** float32 [sequences]: 0 keeps all. */
  SEQUENCE_MIN_P(4, BatchCapacity::sequences),
  /** float32 [sequences]: above 0; 1 changes nothing. */
  SEQUENCE_REPETITION_PENALTY(4, BatchCapacity::sequences),
  /** float32 [sequences]: 0 changes nothing. */
  SEQUENCE_PRESENCE_PENALTY(4, BatchCapacity::sequences),
  /** float32 [sequences]: 0 changes nothing. */
  SEQUENCE_FREQUENCY_PENALTY(4, BatchCapacity::sequences),
  /**
   * int64 [sequences, 2]: key of the counter-based generator; the position of the token drawn is
   * its counter.
   */
  SEQUENCE_RANDOM_KEY(8, c -> 2L * c.sequences()),

  // Per position whose logits are wanted, in order of token index.
  /** int32 [logitsRows]: index of the token in the step. */
  LOGITS_TOKEN(4, BatchCapacity::logitsRows),
  /** int32 [logitsRows]: bits of {@link LogitsFlag}. */
  LOGITS_FLAGS(4, BatchCapacity::logitsRows),
  /** int32 [logitsRows]: first of its candidates. */
  LOGITS_FIRST_CANDIDATE(4, BatchCapacity::logitsRows),
  /** int32 [logitsRows]: its candidates, 0 for none. */
  LOGITS_CANDIDATE_COUNT(4, BatchCapacity::logitsRows),
  /** int32 [logitsRows]: how many most probable tokens to return, at most topTokens. */
  LOGITS_TOP_COUNT(4, BatchCapacity::logitsRows),
  /** int32 [logitsRows]: first of its adjustments. */
  LOGITS_FIRST_ADJUSTMENT(4, BatchCapacity::logitsRows),
  /** int32 [logitsRows]: its adjustments, 0 for none: it then costs what it did without them. */
  LOGITS_ADJUSTMENT_COUNT(4, BatchCapacity::logitsRows),
  /** int32 [candidates]: token ids. */
  CANDIDATE_ID(4, BatchCapacity::candidates),
  /**
   * int32 [adjustments]: token ids, rising within a row, whose logits are changed before the row is
   * sampled from. Nothing but the sampled token and its log-probability is of the changed logits.
   */
  ADJUSTMENT_ID(4, BatchCapacity::adjustments),
  /** int32 [adjustments]: times that the answer has the id; -1 where only its bias is due. */
  ADJUSTMENT_OCCURRENCES(4, BatchCapacity::adjustments),
  /** float32 [adjustments]: added to the logit before any penalty; 0 for none. */
  ADJUSTMENT_BIAS(4, BatchCapacity::adjustments),

  // Blocks copied before the step's tokens are run, in order: (group, source, target).
  /** int32 [copies, 3]. */
  COPY(4, c -> 3L * c.copies()),

  // Results.
  /**
   * int32 [logitsRows]: the sampled id; -1 where none was asked for or the logits are not numbers.
   */
  RESULT_TOKEN(4, BatchCapacity::logitsRows),
  /**
   * float32 [logitsRows]: natural logarithm under the distribution sampled from (greedy: the
   * model's own, as adjusted and masked).
   */
  RESULT_LOG_PROBABILITY(4, BatchCapacity::logitsRows),
  /**
   * int32 [logitsRows]: the most probable id, the lowest on ties; -1 where the logits are not
   * numbers.
   */
  RESULT_ARGMAX(4, BatchCapacity::logitsRows),
  /**
   * float32 [candidates]: natural logarithm under the model's own distribution; NaN where logits
   * are not numbers.
   */
  RESULT_CANDIDATE_LOG_PROBABILITY(4, BatchCapacity::candidates),
  /** int32 [logitsRows, topTokens]: most probable first, ties to the lowest id. */
  RESULT_TOP_ID(4, c -> (long) c.logitsRows() * c.topTokens()),
  /** float32 [logitsRows, topTokens]: raw logits, for tests and tools. */
  RESULT_TOP_LOGIT(4, c -> (long) c.logitsRows() * c.topTokens()),
  /** float32 [logitsRows]: logarithm of the sum of the exponentials of the raw logits. */
  RESULT_LOG_SUM_EXP(4, BatchCapacity::logitsRows);

  private final int elementBytes;
  private final ToLongFunction<BatchCapacity> length;

  BatchSection(int elementBytes, ToLongFunction<BatchCapacity> length) {
    this.elementBytes = elementBytes;
    this.length = length;
  }

  int elementBytes() {
    return elementBytes;
  }

  long length(BatchCapacity capacity) {
    return length.applyAsLong(capacity);
  }
}
