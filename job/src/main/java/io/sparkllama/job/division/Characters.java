package io.sparkllama.job.division;

/** Knows where a text may be cut when there is no better place. */
final class Characters {
  private Characters() {}

  /** Returns the first place from a position on that stands between two characters. */
  static int borderFrom(String text, int position) {
    boolean insidePair =
        position > 0
            && position < text.length()
            && Character.isHighSurrogate(text.charAt(position - 1))
            && Character.isLowSurrogate(text.charAt(position));
    return insidePair ? position + 1 : position;
  }

  /**
   * Tells whether a text may be cut after a character: Unicode's white space but for what forbids a
   * break. Java's own tables are not asked, since they differ between its releases.
   */
  static boolean isSpace(char c) {
    return switch (c) {
      case ' ', '\t', '\n', 0x0b, '\f', '\r', 0x85, 0x1680, 0x2028, 0x2029, 0x205f, 0x3000 -> true;
      default -> c >= 0x2000 && c <= 0x200a && c != 0x2007;
    };
  }
}
