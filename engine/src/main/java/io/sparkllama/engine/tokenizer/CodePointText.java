package io.sparkllama.engine.tokenizer;

/** Holds text as code points with their classes, for pre-tokenizers. */
final class CodePointText {
  private final int[] points; // [length]
  private final byte[] bits; // [length], place of each character's class
  private final int length;

  /** Takes text without lone surrogates. */
  CodePointText(String text) {
    length = text.codePointCount(0, text.length());
    points = new int[length];
    bits = new byte[length];
    int at = 0;
    for (int i = 0; i < length; i++) {
      points[i] = text.codePointAt(at);
      bits[i] = CharacterClass.bit(points[i]);
      at += Character.charCount(points[i]);
    }
  }

  int length() {
    return length;
  }

  int point(int index) {
    return points[index];
  }

  /** Returns whether a character is of one of the classes, which are joined bits. */
  boolean is(int classes, int index) {
    return (classes >>> bits[index] & 1) != 0;
  }

  /**
   * Returns the end of the run of these classes that begins at {@code from}, at most {@code to}.
   */
  int runEnd(int classes, int from, int to) {
    int end = from;
    while (end < to && is(classes, end)) {
      end++;
    }
    return end;
  }

  /** Returns the end of the run of these characters that begins at {@code from}. */
  int runEnd(String characters, int from, int to) {
    int end = from;
    while (end < to && characters.indexOf(points[end]) >= 0) {
      end++;
    }
    return end;
  }

  /** Writes characters as UTF-8 and returns the number of bytes, at most four a character. */
  int copyUtf8(int from, int to, byte[] target) {
    int at = 0;
    for (int i = from; i < to; i++) {
      int point = points[i];
      if (point < 0x80) {
        target[at++] = (byte) point;
      } else if (point < 0x800) {
        target[at++] = (byte) (0xc0 | point >> 6);
        target[at++] = (byte) (0x80 | point & 0x3f);
      } else if (point < 0x10000) {
        target[at++] = (byte) (0xe0 | point >> 12);
        target[at++] = (byte) (0x80 | point >> 6 & 0x3f);
        target[at++] = (byte) (0x80 | point & 0x3f);
      } else {
        target[at++] = (byte) (0xf0 | point >> 18);
        target[at++] = (byte) (0x80 | point >> 12 & 0x3f);
        target[at++] = (byte) (0x80 | point >> 6 & 0x3f);
        target[at++] = (byte) (0x80 | point & 0x3f);
      }
    }
    return at;
  }
}
