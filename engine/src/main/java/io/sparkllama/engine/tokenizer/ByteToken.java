package io.sparkllama.engine.tokenizer;

/** Reads tokens that stand for one byte, written {@code <0x0A>}. */
final class ByteToken {
  private ByteToken() {}

  /** Returns the byte, 0 to 255, or -1 if the token is not written so. */
  static int value(String text) {
    if (text.length() != 6 || !text.startsWith("<0x") || text.charAt(5) != '>') {
      return -1;
    }
    int high = hexadecimal(text.charAt(3));
    int low = hexadecimal(text.charAt(4));
    return high < 0 || low < 0 ? -1 : 16 * high + low;
  }

  private static int hexadecimal(char digit) {
    return digit < 0x80 ? Character.digit(digit, 16) : -1;
  }
}
