package io.sparkllama.engine.tokenizer;

/**
 * Cuts words as Llama 3, Qwen and what is like them do: {@code
 * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?letters+|\p{N}{1,digits}| ?[^\s letters
 * \p{N}]+after*|\s*[\r\n]+|\s+(?!\S)|\s+}.
 */
final class Llama3Scanner extends MatchScanner {
  private final int letters; // classes that make a word
  private final int digits;
  private final String afterSymbols;

  /**
   * Makes a scanner.
   *
   * @param letters classes of characters that make a word: letters, and marks with some makers
   * @param digits how many digits make a group, at most
   * @param afterSymbols characters that a word of symbols takes along at its end: line breaks, or
   *     none
   */
  Llama3Scanner(int letters, int digits, String afterSymbols) {
    this.letters = letters;
    this.digits = digits;
    this.afterSymbols = afterSymbols;
  }

  @Override
  int matchEnd(CodePointText text, int from, int to) {
    int contraction = Contraction.endInAnyCase(text, from, to);
    if (contraction > from) {
      return contraction;
    }
    if (text.is(letters, from)) {
      return text.runEnd(letters, from, to);
    }
    if (text.is(CharacterClass.NUMBER, from)) {
      return text.runEnd(CharacterClass.NUMBER, from, (int) Math.min((long) from + digits, to));
    }
    boolean more = from + 1 < to;
    if (more && !WhitespaceRun.isLineBreak(text.point(from)) && text.is(letters, from + 1)) {
      return text.runEnd(letters, from + 1, to);
    }
    int start = text.point(from) == ' ' && more ? from + 1 : from;
    int symbols = ~(CharacterClass.WHITESPACE | letters | CharacterClass.NUMBER);
    if (text.is(symbols, start)) {
      return text.runEnd(afterSymbols, text.runEnd(symbols, start, to), to);
    }
    return WhitespaceRun.endAtLineBreak(text, from, to);
  }
}
