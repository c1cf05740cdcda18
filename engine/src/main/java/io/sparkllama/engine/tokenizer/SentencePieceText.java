package io.sparkllama.engine.tokenizer;

/** Prepares text as SentencePiece does: characters are replaced, spaces become U+2581. */
final class SentencePieceText {
  static final char SPACE = '\u2581';

  private SentencePieceText() {}

  /**
   * Returns what a stretch of text is cut from.
   *
   * @param text not empty
   */
  static String prepare(String text, TextRules rules) {
    String mapped = rules.normalizer().normalize(text);
    if (!rules.removeExtraWhitespaces()) {
      return (rules.addSpacePrefix() ? " " + mapped : mapped).replace(' ', SPACE);
    }
    StringBuilder prepared = new StringBuilder(mapped.length() + 1);
    if (rules.addSpacePrefix()) {
      prepared.append(SPACE);
    }
    boolean afterSpace = true;
    for (int i = 0; i < mapped.length(); i++) {
      char unit = mapped.charAt(i);
      if (unit == ' ' && afterSpace) {
        continue;
      }
      afterSpace = unit == ' ';
      prepared.append(afterSpace ? SPACE : unit);
    }
    int end = prepared.length();
    while (end > 0 && prepared.charAt(end - 1) == SPACE) {
      end--; // also U+2581 that the text wrote itself, as SentencePiece does
    }
    return prepared.substring(0, end);
  }
}
