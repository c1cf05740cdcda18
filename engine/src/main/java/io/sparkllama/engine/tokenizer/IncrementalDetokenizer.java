package io.sparkllama.engine.tokenizer;

/**
 * Turns ids that come one by one into text, holding back a character until its last byte is there.
 * How the bytes are divided among tokens makes no difference: bytes that are no characters become
 * U+FFFD, with byte-level BPE one for each longest beginning of a character, as the Unicode
 * Standard recommends (3.9, "U+FFFD Substitution of Maximal Subparts"), with SentencePiece one for
 * each byte. One thread at a time.
 */
public final class IncrementalDetokenizer {
  private static final int REPLACEMENT = 0xfffd;

  private final TokenPieces pieces;
  private int codePoint; // of the character that has begun, as far as its bytes are there
  private int begun; // bytes of that character that are there
  private int missing; // bytes of that character still to come
  private int lowest = 0x80; // what its next byte may be
  private int highest = 0xbf;

  IncrementalDetokenizer(TokenPieces pieces) {
    this.pieces = pieces;
  }

  /** Takes the next id and returns the text that it completes, which may be empty. */
  public String append(int id) {
    int length = pieces.length(id);
    if (length == 0) {
      return "";
    }
    StringBuilder text = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      append(pieces.unsignedByte(id, i), text);
    }
    return text.toString();
  }

  /** Ends the text: returns U+FFFD if a character has begun and is not whole, else nothing. */
  public String finish() {
    StringBuilder text = new StringBuilder();
    breakOff(text);
    return text.toString();
  }

  private void append(int value, StringBuilder text) {
    if (missing > 0) {
      if (value >= lowest && value <= highest) {
        proceed(value, text);
        return;
      }
      breakOff(text);
    }
    begin(value, text);
  }

  /** Replaces the bytes of a character that will not be whole. */
  private void breakOff(StringBuilder text) {
    if (missing > 0) {
      int count = pieces.invalid() == TokenPieces.Invalid.BYTES ? begun : 1;
      text.append(Character.toString(REPLACEMENT).repeat(count));
      missing = 0;
    }
  }

  private void proceed(int value, StringBuilder text) {
    codePoint = codePoint << 6 | value & 0x3f;
    begun++;
    lowest = 0x80;
    highest = 0xbf;
    if (--missing == 0) {
      text.appendCodePoint(codePoint);
    }
  }

  private void begin(int value, StringBuilder text) {
    begun = 1;
    lowest = 0x80;
    highest = 0xbf;
    if (value < 0x80) {
      text.append((char) value);
    } else if (value >= 0xc2 && value <= 0xdf) {
      missing = 1;
      codePoint = value & 0x1f;
    } else if (value >= 0xe0 && value <= 0xef) {
      missing = 2;
      codePoint = value & 0xf;
      lowest = value == 0xe0 ? 0xa0 : 0x80; // no longer form than needed
      highest = value == 0xed ? 0x9f : 0xbf; // no surrogate
    } else if (value >= 0xf0 && value <= 0xf4) {
      missing = 3;
      codePoint = value & 0x7;
      lowest = value == 0xf0 ? 0x90 : 0x80;
      highest = value == 0xf4 ? 0x8f : 0xbf; // nothing above U+10FFFF
    } else {
      text.appendCodePoint(REPLACEMENT);
    }
  }
}
