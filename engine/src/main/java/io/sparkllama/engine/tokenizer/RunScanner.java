package io.sparkllama.engine.tokenizer;

/** Cuts out every match of a pattern that is a run of characters. */
final class RunScanner extends MatchScanner {
  private final CharacterTest test;
  private final int least;
  private final int most;
  private final Before before;

  /** Tells whether a character belongs to a run. */
  interface CharacterTest {
    boolean matches(CodePointText text, int index);
  }

  private enum Before {
    NOTHING,
    WHITESPACE
  }

  private RunScanner(CharacterTest test, int least, int most, Before before) {
    this.test = test;
    this.least = least;
    this.most = most;
    this.before = before;
  }

  /** Matches as many characters as there are, {@code test+}. */
  static RunScanner runs(CharacterTest test) {
    return new RunScanner(test, 1, Integer.MAX_VALUE, Before.NOTHING);
  }

  /** Matches as many characters as there are, {@code \s?test+}. */
  static RunScanner runsWithSpace(CharacterTest test) {
    return new RunScanner(test, 1, Integer.MAX_VALUE, Before.WHITESPACE);
  }

  /** Matches {@code count} characters at a time, {@code test{count}}. */
  static RunScanner groups(CharacterTest test, int count) {
    return new RunScanner(test, count, count, Before.NOTHING);
  }

  /** Matches up to {@code most} characters at a time, {@code test{1,most}}. */
  static RunScanner groupsUpTo(CharacterTest test, int most) {
    return new RunScanner(test, 1, most, Before.NOTHING);
  }

  @Override
  int matchEnd(CodePointText text, int from, int to) {
    int start = from;
    if (before == Before.WHITESPACE
        && text.is(CharacterClass.WHITESPACE, from)
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
