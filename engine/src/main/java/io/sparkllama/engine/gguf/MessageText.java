package io.sparkllama.engine.gguf;

/** Makes text from a file that is not trusted fit for a message: short, and on one line. */
final class MessageText {
  private static final int MAX_LENGTH = 200;

  private MessageText() {}

  /** Returns the text with control characters replaced, cut where it is long. */
  static String of(String text) {
    return of(text, MAX_LENGTH);
  }

  /** Does the same for a sentence of ours that quotes a file and may be longer. */
  static String of(String text, int maxLength) {
    String cut = text.length() > maxLength ? text.substring(0, maxLength) + "…" : text;
    StringBuilder clean = new StringBuilder(cut);
    for (int i = 0; i < clean.length(); i++) {
      if (Character.isISOControl(clean.charAt(i)) || Character.isSurrogate(clean.charAt(i))) {
        clean.setCharAt(i, '?');
      }
    }
    return clean.toString();
  }
}
