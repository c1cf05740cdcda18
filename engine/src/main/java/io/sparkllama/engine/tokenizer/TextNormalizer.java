package io.sparkllama.engine.tokenizer;

/** Rewrites text before it is cut into tokens; what it returns depends on the text alone. */
@FunctionalInterface
public interface TextNormalizer {
  /** Leaves text as it is. */
  TextNormalizer NONE = text -> text;

  /**
   * Returns the text rewritten, in time that grows no faster than n log n.
   *
   * @param text without lone surrogates
   */
  String normalize(String text);
}
