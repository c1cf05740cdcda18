package io.sparkllama.engine.tokenizer;

/** Finds the English endings that pre-tokenizers cut: 's 't 're 've 'm 'll 'd. */
final class Contraction {
  private Contraction() {}

  /** Returns the end of an ending at {@code from}, or {@code from} if there is none. */
  static int end(CodePointText text, int from, int to, boolean anyCase) {
    if (text.point(from) != '\'' || from + 1 >= to) {
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
    return anyCase && point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point;
  }
}
