package io.sparkllama.engine.api;

/**
 * Says what happens to a prompt that leaves no room in the context: refused, or its longest data
 * span is cut.
 */
public enum OverlongPolicy {
  /** Gives the row an error. */
  ERROR,
  /** Cuts the beginning. */
  TRUNCATE_HEAD,
  /** Cuts the middle. */
  TRUNCATE_MIDDLE,
  /** Cuts the end. */
  TRUNCATE_TAIL
}
