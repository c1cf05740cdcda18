package io.sparkllama.engine.tokenizer;

/**
 * Cuts words as GPT-2 does: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
 * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}.
 */
final class Gpt2Scanner implements WordScanner {
  @Override
  public void scan(CodePointText text, int from, int to, IntList ends) {
    int at = from;
    while (at < to) {
      at = wordEnd(text, at, to);
      ends.add(at);
    }
  }

  private static int wordEnd(CodePointText text, int from, int to) {
    int contraction = Contraction.end(text, from, to, false);
    if (contraction > from) {
      return contraction;
    }
    int start = text.point(from) == ' ' && from + 1 < to ? from + 1 : from;
    byte kind = text.characterClass(start);
    if (kind == CharacterClass.LETTER || kind == CharacterClass.NUMBER) {
      return text.runEnd(kind, start, to);
    }
    if (kind == CharacterClass.WHITESPACE) {
      return WhitespaceRun.end(text, from, to);
    }
    int end = start;
    while (end < to && text.isOther(end)) {
      end++;
    }
    return end;
  }
}
