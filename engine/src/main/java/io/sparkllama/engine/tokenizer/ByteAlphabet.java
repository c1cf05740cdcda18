package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Reads and writes GPT-2's way of writing bytes as characters: printable Latin-1 bytes stand for
 * themselves, the others, in order, are U+0100 and on.
 */
public final class ByteAlphabet {
  private static final short[] BYTES = bytes(); // [324] by character, -1 where none is meant

  private static final char[] CHARACTERS = characters(); // [256] by byte

  private ByteAlphabet() {}

  private static char[] characters() {
    char[] characters = new char[256];
    for (char character = 0; character < BYTES.length; character++) {
      if (BYTES[character] >= 0) {
        characters[BYTES[character]] = character;
      }
    }
    return characters;
  }

  /** Returns how bytes are written. */
  public static String encode(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    for (byte value : bytes) {
      text.append(CHARACTERS[Byte.toUnsignedInt(value)]);
    }
    return text.toString();
  }

  private static short[] bytes() {
    short[] bytes = new short[0x144];
    Arrays.fill(bytes, (short) -1);
    int next = 0x100;
    for (short value = 0; value < 256; value++) {
      boolean itself =
          value >= '!' && value <= '~'
              || value >= 0xa1 && value <= 0xac
              || value >= 0xae && value <= 0xff;
      bytes[itself ? value : next++] = value;
    }
    return bytes;
  }

  /** Returns the bytes that a token stands for, or null if a character is not of the alphabet. */
  static byte[] decodeOrNull(String token) {
    byte[] decoded = new byte[token.length()];
    for (int i = 0; i < decoded.length; i++) {
      char character = token.charAt(i);
      if (character >= BYTES.length || BYTES[character] < 0) {
        return null;
      }
      decoded[i] = (byte) BYTES[character];
    }
    return decoded;
  }

  /** Returns the bytes that a token stands for, its own UTF-8 if it is not of the alphabet. */
  static byte[] decode(String token) {
    byte[] decoded = decodeOrNull(token);
    return decoded == null ? token.getBytes(UTF_8) : decoded;
  }

  /**
   * Returns the end of the bytes from {@code from} on whose characters all are numbers, or all are
   * not.
   */
  static int numbersEnd(byte[] bytes, int from, int to) {
    boolean number = isNumber(bytes[from]);
    int end = from + 1;
    while (end < to && isNumber(bytes[end]) == number) {
      end++;
    }
    return end;
  }

  /** The printable bytes of Latin-1 that are numbers: the digits, small ones, and fractions. */
  private static boolean isNumber(byte one) {
    int value = one & 0xff;
    return value >= '0' && value <= '9'
        || value == 0xb2
        || value == 0xb3
        || value == 0xb9
        || value >= 0xbc && value <= 0xbe;
  }
}
