package io.sparkllama.engine.tokenizer;

import java.util.Arrays;
import java.util.function.IntFunction;

/** Holds the bytes that each token stands for in the middle of a text, in one array. */
final class TokenPieces {
  private final byte[] bytes;
  private final int[] offsets; // [size + 1]

  private final Invalid invalid;

  /** Says what counts as one mistake where bytes are no characters. */
  enum Invalid {
    /** The longest beginning of a character. */
    BEGINNINGS,
    /** Each byte. */
    BYTES
  }

  TokenPieces(int size, Invalid invalid, IntFunction<byte[]> piece) {
    this.invalid = invalid;
    offsets = new int[size + 1];
    byte[] all = new byte[8 * size + 16];
    for (int id = 0; id < size; id++) {
      byte[] one = piece.apply(id);
      int end = Math.addExact(offsets[id], one.length);
      if (end > all.length) {
        all = Arrays.copyOf(all, Math.max(end, (int) Math.min(2L * all.length, 1 << 30)));
      }
      System.arraycopy(one, 0, all, offsets[id], one.length);
      offsets[id + 1] = end;
    }
    bytes = Arrays.copyOf(all, offsets[size]);
  }

  Invalid invalid() {
    return invalid;
  }

  int length(int id) {
    return offsets[id + 1] - offsets[id];
  }

  byte[] bytes(int id) {
    return Arrays.copyOfRange(bytes, offsets[id], offsets[id + 1]);
  }

  int unsignedByte(int id, int index) {
    return bytes[offsets[id] + index] & 0xff;
  }
}
