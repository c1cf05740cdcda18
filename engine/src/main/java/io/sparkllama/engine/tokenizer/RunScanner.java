package io.sparkllama.engine.tokenizer;

/**
 * Cuts out every match of a pattern that is a run of characters; what lies between matches stays
 * whole.
 */
final class RunScanner implements WordScanner {
  private final CharacterTest test;
  private final int least;
  private final int most;
  private final boolean spaceBefore;

  /** Tells whether a character belongs to a run. */
  interface CharacterTest {
    boolean matches(CodePointText text, int index);
  }

  private RunScanner(CharacterTest test, int least, int most, boolean spaceBefore) {
    this.test = test;
    this.least = least;
    this.most = most;
    this.spaceBefore = spaceBefore;
  }

  /** Matches as many characters as there are. */
  static RunScanner runs(CharacterTest test) {
    return new RunScanner(test, 1, Integer.MAX_VALUE, false);
  }

  /** Matches as many characters as there are, with a whitespace character before if there is. */
  static RunScanner runsWithSpace(CharacterTest test) {
    return new RunScanner(test, 1, Integer.MAX_VALUE, true);
  }

  /** Matches {@code count} characters at a time. */
  static RunScanner groups(CharacterTest test, int count) {
    return new RunScanner(test, count, count, false);
  }

  @Override
  public void scan(CodePointText text, int from, int to, IntList ends) {
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

  private int matchEnd(CodePointText text, int from, int to) {
    int start = from;
    if (spaceBefore
        && text.characterClass(from) == CharacterClass.WHITESPACE
        && from + 1 < to
        && test.matches(text, from + 1)) {
      start = from + 1;
    }
    int end = start;
    while (end < to && end - start < most && test.matches(text, end)) {
      end++;
    }
    return end - start >= least ? end : -1;
  }
}
