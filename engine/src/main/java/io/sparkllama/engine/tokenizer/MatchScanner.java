package io.sparkllama.engine.tokenizer;

/**
 * Cuts out every match of a pattern, the leftmost first; what lies between matches is a word too.
 */
abstract class MatchScanner implements WordScanner {
  /**
   * Returns the end of the match that begins at {@code from}, or -1 if none does. Looks at nothing
   * outside of {@code [from, to)}; an attempt that fails takes a bounded number of steps.
   */
  abstract int matchEnd(CodePointText text, int from, int to);

  @Override
  public final void scan(CodePointText text, int from, int to, IntList ends) {
    int wordStart = from;
    int at = from;
    while (at < to) {
      int end = matchEnd(text, at, to);
      if (end < 0) {
        at++;
        continue;
      }
      if (at > wordStart) {
        ends.add(at);
      }
      ends.add(end);
      wordStart = end;
      at = end;
    }
    if (wordStart < to) {
      ends.add(to);
    }
  }
}
