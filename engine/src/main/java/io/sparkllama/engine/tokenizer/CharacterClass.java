package io.sparkllama.engine.tokenizer;

import java.util.Arrays;

/**
 * Tells what kind of character a code point is, by the project's own table. A kind is one bit, so
 * that kinds can be joined.
 */
public final class CharacterClass {
  public static final int OTHER = 1;
  public static final int UPPER = 1 << 1; // upper and title case
  public static final int LOWER = 1 << 2;
  public static final int CASELESS = 1 << 3; // modifier letters and letters without case
  public static final int MARK = 1 << 4;
  public static final int NUMBER = 1 << 5;
  public static final int PUNCTUATION = 1 << 6;
  public static final int SYMBOL = 1 << 7;
  public static final int WHITESPACE = 1 << 8;

  /** Any letter, {@code \p{L}}. */
  public static final int LETTER = UPPER | LOWER | CASELESS;

  private static final String LETTERS = "OUDLMNPSW"; // by bit
  private static final byte[] BITS = expand(CharacterClassTable.RUNS); // [0x110000]

  private CharacterClass() {}

  /** Returns the kind of a code point from 0 to 0x10FFFF, one bit. */
  public static int of(int codePoint) {
    return 1 << BITS[codePoint];
  }

  /** Returns the kind's bit as its place, which takes a byte. */
  static byte bit(int codePoint) {
    return BITS[codePoint];
  }

  private static byte[] expand(String runs) {
    byte[] bits = new byte[Character.MAX_CODE_POINT + 1];
    TableReader table = new TableReader(runs);
    int point = 0;
    while (table.more()) {
      byte bit = (byte) LETTERS.indexOf(table.letter());
      int length = table.number();
      Arrays.fill(bits, point, point + length, bit);
      point += length;
    }
    if (point != bits.length) {
      throw new IllegalStateException("character classes are incomplete: " + point);
    }
    return bits;
  }
}
