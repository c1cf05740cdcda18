package io.sparkllama.engine.tokenizer;

import java.util.BitSet;

/**
 * Knows which special tokens swallow the whitespace beside them when they are cut from text.
 *
 * @param left ids that swallow what stands before
 * @param right ids that swallow what stands after
 */
record TokenStrips(BitSet left, BitSet right) {
  /**
   * Returns the end of {@code [from, to)} without the whitespace that a token at its end swallows.
   */
  int endBefore(int id, String text, int from, int to) {
    int end = to;
    while (left.get(id) && end > from && isWhitespace(text.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  /** Returns the first place from {@code from} on that a token before it does not swallow. */
  int startAfter(int id, String text, int from) {
    int start = from;
    while (right.get(id) && start < text.length() && isWhitespace(text.charAt(start))) {
      start++;
    }
    return start;
  }

  /** All whitespace lies in the first plane. */
  private static boolean isWhitespace(char unit) {
    return CharacterClass.of(unit) == CharacterClass.WHITESPACE;
  }
}
