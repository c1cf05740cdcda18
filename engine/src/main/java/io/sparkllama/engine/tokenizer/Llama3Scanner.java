package io.sparkllama.engine.tokenizer;

/**
 * Cuts words as Llama 3 and Qwen2 do, which differ in the digits of a group: {@code
 * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}|
 * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
 */
final class Llama3Scanner implements WordScanner {
  private final int digits;

  Llama3Scanner(int digits) {
    this.digits = digits;
  }

  @Override
  public void scan(CodePointText text, int from, int to, IntList ends) {
    int at = from;
    while (at < to) {
      at = wordEnd(text, at, to);
      ends.add(at);
    }
  }

  private int wordEnd(CodePointText text, int from, int to) {
    int contraction = Contraction.end(text, from, to, true);
    if (contraction > from) {
      return contraction;
    }
    byte kind = text.characterClass(from);
    if (kind == CharacterClass.LETTER) {
      return text.runEnd(CharacterClass.LETTER, from, to);
    }
    if (kind == CharacterClass.NUMBER) {
      return text.runEnd(CharacterClass.NUMBER, from, (int) Math.min((long) from + digits, to));
    }
    boolean more = from + 1 < to;
    if (!isLineBreak(text.point(from))
        && more
        && text.characterClass(from + 1) == CharacterClass.LETTER) {
      return text.runEnd(CharacterClass.LETTER, from + 1, to);
    }
    int start = text.point(from) == ' ' && more ? from + 1 : from;
    if (text.isOther(start)) {
      return symbolsEnd(text, start, to);
    }
    return whitespaceEnd(text, from, to);
  }

  private static int symbolsEnd(CodePointText text, int from, int to) {
    int end = from;
    while (end < to && text.isOther(end)) {
      end++;
    }
    while (end < to && isLineBreak(text.point(end))) {
      end++;
    }
    return end;
  }

  private static int whitespaceEnd(CodePointText text, int from, int to) {
    int runEnd = text.runEnd(CharacterClass.WHITESPACE, from, to);
    for (int end = runEnd; end > from; end--) {
      if (isLineBreak(text.point(end - 1))) {
        return end;
      }
    }
    return WhitespaceRun.end(text, from, to);
  }

  private static boolean isLineBreak(int point) {
    return point == '\r' || point == '\n';
  }
}
