package io.sparkllama.engine.tokenizer;

/** Holds text as code points with their classes, for pre-tokenizers. */
final class CodePointText {
  /** Stands for the code point outside of a segment. */
  static final int NONE = -1;

  private final int[] points; // [length]
  private final byte[] classes; // [length]
  private final int length;

  /** Takes text without lone surrogates. */
  CodePointText(String text) {
    length = text.codePointCount(0, text.length());
    points = new int[length];
    classes = new byte[length];
    int at = 0;
    for (int i = 0; i < length; i++) {
      points[i] = text.codePointAt(at);
      classes[i] = CharacterClass.of(points[i]);
      at += Character.charCount(points[i]);
    }
  }

  int length() {
    return length;
  }

  int point(int index) {
    return points[index];
  }

  byte characterClass(int index) {
    return classes[index];
  }

  /** Returns the end of the run of one class that begins at {@code from}, at most {@code to}. */
  int runEnd(byte characterClass, int from, int to) {
    int end = from;
    while (end < to && classes[end] == characterClass) {
      end++;
    }
    return end;
  }

  /** Returns whether a character is neither whitespace nor letter nor number. */
  boolean isOther(int index) {
    byte kind = classes[index];
    return kind != CharacterClass.WHITESPACE
        && kind != CharacterClass.LETTER
        && kind != CharacterClass.NUMBER;
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
