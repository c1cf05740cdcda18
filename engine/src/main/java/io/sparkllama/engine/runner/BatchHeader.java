package io.sparkllama.engine.runner;

/** Lists the words of {@link BatchSection#HEADER}. */
public enum BatchHeader {
  /** {@link BatchLayout#VERSION}. */
  VERSION,
  TOKENS,
  SEQUENCES,
  LOGITS_ROWS,
  CANDIDATES,
  ADJUSTMENTS,
  COPIES,
  /** Counts steps, for messages. */
  STEP
}
