package io.sparkllama.engine.tokenizer;

/** Ends a word of whitespace as {@code \s+(?!\S)|\s+} does. */
final class WhitespaceRun {
  private WhitespaceRun() {}

  /**
   * Returns where a word that begins with whitespace ends: before the run's last character if text
   * follows, which then takes that character as its own, else at the run's end.
   */
  static int end(CodePointText text, int from, int to) {
    int runEnd = text.runEnd(CharacterClass.WHITESPACE, from, to);
    return runEnd < to && runEnd - from > 1 ? runEnd - 1 : runEnd;
  }
}
