package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Turns ids that come one by one into text, holding back a character until its last byte is there.
 * All pieces together are the text of all bytes together; bytes that are no characters become
 * U+FFFD. One thread at a time.
 */
public final class IncrementalDetokenizer {
  private final TokenPieces pieces;
  private byte[] pending = new byte[16];
  private int pendingLength;

  IncrementalDetokenizer(TokenPieces pieces) {
    this.pieces = pieces;
  }

  /** Takes the next id and returns the text that it completes, which may be empty. */
  public String append(int id) {
    int length = pieces.length(id);
    if (length == 0) {
      return "";
    }
    if (pendingLength + length > pending.length) {
      pending = Arrays.copyOf(pending, Math.max(2 * pending.length, pendingLength + length));
    }
    pieces.copy(id, pending, pendingLength);
    pendingLength += length;
    int complete = pendingLength - unfinishedBytes();
    String text = new String(pending, 0, complete, UTF_8);
    System.arraycopy(pending, complete, pending, 0, pendingLength - complete);
    pendingLength -= complete;
    return text;
  }

  /** Ends the text: returns what was held back, a begun character as U+FFFD. */
  public String finish() {
    String text = new String(pending, 0, pendingLength, UTF_8);
    pendingLength = 0;
    return text;
  }

  /** Returns how many bytes at the end are the beginning of a character that may yet be whole. */
  private int unfinishedBytes() {
    for (int back = 1; back <= Math.min(3, pendingLength); back++) {
      int lead = pending[pendingLength - back] & 0xff;
      if ((lead & 0xc0) != 0x80) {
        return back < sequenceLength(lead) && secondByteFits(lead, back) ? back : 0;
      }
    }
    return 0;
  }

  /** Returns the bytes of a character that begins so, 1 where none can. */
  private static int sequenceLength(int lead) {
    if (lead >= 0xf0 && lead <= 0xf4) {
      return 4;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
      return 3;
    }
    return lead >= 0xc2 && lead <= 0xdf ? 2 : 1;
  }

  /** Returns whether the second byte, where there is one, makes neither overlong nor surrogate. */
  private boolean secondByteFits(int lead, int back) {
    if (back < 2) {
      return true;
    }
    int second = pending[pendingLength - back + 1] & 0xff;
    return switch (lead) {
      case 0xe0 -> second >= 0xa0;
      case 0xed -> second <= 0x9f;
      case 0xf0 -> second >= 0x90;
      case 0xf4 -> second <= 0x8f;
      default -> true;
    };
  }
}
