package io.sparkllama.engine.tokenizer;

/** Cuts off the whitespace that a segment ends with, {@code \s+$} where no line ends within. */
final class LastWhitespaceScanner implements WordScanner {
  @Override
  public void scan(CodePointText text, int from, int to, IntList ends) {
    int start = to;
    while (start > from && text.is(CharacterClass.WHITESPACE, start - 1)) {
      start--;
    }
    if (start > from) {
      ends.add(start);
    }
    if (start < to) {
      ends.add(to);
    }
  }
}
