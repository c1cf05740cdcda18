package io.sparkllama.engine.tokenizer;

/** Finds the English endings that pre-tokenizers cut: 's 't 're 've 'm 'll 'd. */
final class Contraction {
  private static final int LONG_S = 0x17f; // what else is an s where case does not matter

  private Contraction() {}

  /**
   * Returns the end of an ending in lower case at {@code from}, or {@code from} if there is none.
   */
  static int end(CodePointText text, int from, int to) {
    return end(text, from, to, false);
  }

  /** Returns the end of an ending in any case, as {@code (?i:…)} means it. */
  static int endInAnyCase(CodePointText text, int from, int to) {
    return end(text, from, to, true);
  }

  private static int end(CodePointText text, int from, int to, boolean anyCase) {
    if (from + 1 >= to || text.point(from) != '\'') {
      return from;
    }
    int first = letter(text.point(from + 1), anyCase);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
      return from + 2;
    }
    if (from + 2 >= to) {
      return from;
    }
    int second = letter(text.point(from + 2), anyCase);
    boolean two =
        first == 'r' && second == 'e'
            || first == 'v' && second == 'e'
            || first == 'l' && second == 'l';
    return two ? from + 3 : from;
  }

  private static int letter(int point, boolean anyCase) {
    if (!anyCase) {
      return point;
    }
    return point == LONG_S ? 's' : point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
  }
}
