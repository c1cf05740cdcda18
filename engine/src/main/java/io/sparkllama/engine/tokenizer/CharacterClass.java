package io.sparkllama.engine.tokenizer;

import java.util.Arrays;

/** Tells what kind of character a code point is, by the project's own table. */
public final class CharacterClass {
  public static final byte OTHER = 0;
  public static final byte LETTER = 1;
  public static final byte MARK = 2;
  public static final byte NUMBER = 3;
  public static final byte PUNCTUATION = 4;
  public static final byte SYMBOL = 5;
  public static final byte WHITESPACE = 6;

  private static final String LETTERS = "OLMNPSW"; // by class
  private static final byte[] CLASSES = expand(CharacterClassTable.RUNS); // [0x110000]

  private CharacterClass() {}

  /** Returns the class of a code point from 0 to 0x10FFFF. */
  public static byte of(int codePoint) {
    return CLASSES[codePoint];
  }

  private static byte[] expand(String runs) {
    byte[] classes = new byte[Character.MAX_CODE_POINT + 1];
    int point = 0;
    int at = 0;
    while (at < runs.length()) {
      byte name = (byte) LETTERS.indexOf(runs.charAt(at++));
      int length = 0;
      while (at < runs.length() && LETTERS.indexOf(runs.charAt(at)) < 0) {
        length = 32 * length + Character.digit(runs.charAt(at++), 32);
      }
      Arrays.fill(classes, point, point + length, name);
      point += length;
    }
    if (point != classes.length) {
      throw new IllegalStateException("character classes are incomplete: " + point);
    }
    return classes;
  }
}
