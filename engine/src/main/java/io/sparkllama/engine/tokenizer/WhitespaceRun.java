package io.sparkllama.engine.tokenizer;

/** Ends a word of whitespace as patterns of the makers do. */
final class WhitespaceRun {
  private WhitespaceRun() {}

  /**
   * Returns the end of {@code \s+(?!\S)|\s+}: before the run's last character if text follows,
   * which then takes that character as its own, else the run's end.
   */
  static int end(CodePointText text, int from, int to) {
    int runEnd = text.runEnd(CharacterClass.WHITESPACE, from, to);
    return runEnd < to && runEnd - from > 1 ? runEnd - 1 : runEnd;
  }

  /**
   * Returns the end of {@code \s*[\r\n]+|\s+(?!\S)|\s+}: after the run's last line break if there
   * is one.
   */
  static int endAtLineBreak(CodePointText text, int from, int to) {
    int runEnd = text.runEnd(CharacterClass.WHITESPACE, from, to);
    for (int end = runEnd; end > from; end--) {
      if (isLineBreak(text.point(end - 1))) {
        return end;
      }
    }
    return end(text, from, to);
  }

  static boolean isLineBreak(int point) {
    return point == '\r' || point == '\n';
  }
}
