package io.sparkllama.engine.tokenizer;

/**
 * Cuts words as GPT-4o, Llama 4 and Mistral's Tekken do, where case changes: capitals, then small
 * letters, {@code [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+}, or
 * the same with {@code +} and {@code *} exchanged; then {@code \p{N}{1,digits}|
 * ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+}. With most makers a word takes an English
 * ending along: {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)?}.
 */
final class LetterCaseScanner extends MatchScanner {
  private static final int CAPITALS =
      CharacterClass.UPPER | CharacterClass.CASELESS | CharacterClass.MARK;
  private static final int SMALL =
      CharacterClass.LOWER | CharacterClass.CASELESS | CharacterClass.MARK;
  private static final int SYMBOLS =
      ~(CharacterClass.WHITESPACE | CharacterClass.LETTER | CharacterClass.NUMBER);

  private final int digits;
  private final Endings endings;

  /** Says whether a word takes an English ending along. */
  enum Endings {
    WITH_THE_WORD,
    APART
  }

  LetterCaseScanner(int digits, Endings endings) {
    this.digits = digits;
    this.endings = endings;
  }

  @Override
  int matchEnd(CodePointText text, int from, int to) {
    int word = wordEnd(text, from, to);
    if (word > from) {
      return endings == Endings.APART ? word : Contraction.endInAnyCase(text, word, to);
    }
    if (text.is(CharacterClass.NUMBER, from)) {
      return text.runEnd(CharacterClass.NUMBER, from, (int) Math.min((long) from + digits, to));
    }
    int start = text.point(from) == ' ' && from + 1 < to ? from + 1 : from;
    if (text.is(SYMBOLS, start)) {
      return text.runEnd("\r\n/", text.runEnd(SYMBOLS, start, to), to);
    }
    return WhitespaceRun.endAtLineBreak(text, from, to);
  }

  /** Returns the end of a word without its ending, or {@code from} if none begins here. */
  private static int wordEnd(CodePointText text, int from, int to) {
    int letters = from;
    if (!text.is(CharacterClass.LETTER | CharacterClass.NUMBER, from)
        && !WhitespaceRun.isLineBreak(text.point(from))) {
      letters = from + 1;
    }
    int capitals = text.runEnd(CAPITALS, letters, to);
    if (capitals < to && text.is(SMALL, capitals)) {
      return text.runEnd(SMALL, capitals, to);
    }
    // A backtracking matcher gives capitals back until one of them is also small; the last that it
    // tries is the character before the letters, where that is a mark.
    for (int end = capitals; end > from; end--) {
      if (text.is(SMALL, end - 1)) {
        return end;
      }
    }
    return capitals > letters ? capitals : from;
  }
}
