package io.sparkllama.engine.tokenizer;

/**
 * Cuts words as DeepSeek V3 does, after digits and ideographs were cut out: {@code
 * [!-/:-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
 * ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}, the first range being ASCII's punctuation and
 * symbols.
 */
final class DeepSeekV3Scanner extends MatchScanner {
  private static final int LETTERS = CharacterClass.LETTER | CharacterClass.MARK;
  private static final int SYMBOLS = CharacterClass.PUNCTUATION | CharacterClass.SYMBOL;

  @Override
  int matchEnd(CodePointText text, int from, int to) {
    int point = text.point(from);
    boolean more = from + 1 < to;
    if (more && point < 0x80 && text.is(SYMBOLS, from) && isAsciiLetter(text.point(from + 1))) {
      int end = from + 2;
      while (end < to && isAsciiLetter(text.point(end))) {
        end++;
      }
      return end;
    }
    if (text.is(LETTERS, from)) {
      return text.runEnd(LETTERS, from, to);
    }
    if (more
        && !WhitespaceRun.isLineBreak(point)
        && !text.is(SYMBOLS, from)
        && text.is(LETTERS, from + 1)) {
      return text.runEnd(LETTERS, from + 1, to);
    }
    int start = point == ' ' && more ? from + 1 : from;
    if (text.is(SYMBOLS, start)) {
      return text.runEnd("\r\n", text.runEnd(SYMBOLS, start, to), to);
    }
    return text.is(CharacterClass.WHITESPACE, from)
        ? WhitespaceRun.endAtLineBreak(text, from, to)
        : -1;
  }

  private static boolean isAsciiLetter(int point) {
    return point >= 'a' && point <= 'z' || point >= 'A' && point <= 'Z';
  }
}
