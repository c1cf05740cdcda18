package io.sparkllama.engine.tokenizer;

/**
 * Cuts words as GPT-2 does: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+|
 * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}.
 */
final class Gpt2Scanner extends MatchScanner {
  private static final int NOT_SYMBOLS =
      CharacterClass.WHITESPACE | CharacterClass.LETTER | CharacterClass.NUMBER;

  @Override
  int matchEnd(CodePointText text, int from, int to) {
    int contraction = Contraction.end(text, from, to);
    if (contraction > from) {
      return contraction;
    }
    int start = text.point(from) == ' ' && from + 1 < to ? from + 1 : from;
    if (text.is(CharacterClass.LETTER, start)) {
      return text.runEnd(CharacterClass.LETTER, start, to);
    }
    if (text.is(CharacterClass.NUMBER, start)) {
      return text.runEnd(CharacterClass.NUMBER, start, to);
    }
    if (text.is(CharacterClass.WHITESPACE, start)) {
      return WhitespaceRun.end(text, from, to);
    }
    return text.runEnd(~NOT_SYMBOLS, start, to);
  }
}
