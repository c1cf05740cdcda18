package io.sparkllama.engine.tokenizer;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** Finds a token by its bytes; of equal tokens the lowest id wins. */
final class TokenIndex {
  // Drawn anew for each index, so that no file can be written to make its tokens collide.
  private final long seed = ThreadLocalRandom.current().nextLong();
  private final byte[][] tokens; // [size], null where a token cannot be found by its bytes
  private final int[] slots; // id, or -1 where free
  private final int longest;

  /**
   * Indexes tokens.
   *
   * @param tokens bytes by id; null or empty for tokens that text never becomes by itself
   */
  TokenIndex(byte[][] tokens) {
    this.tokens = tokens;
    slots = new int[Integer.highestOneBit(Math.max(8, tokens.length)) << 2];
    Arrays.fill(slots, -1);
    int maximum = 0;
    for (int id = 0; id < tokens.length; id++) {
      byte[] token = tokens[id];
      if (token == null || token.length == 0) {
        continue;
      }
      int slot = slot(token, 0, token.length);
      if (slots[slot] < 0) {
        slots[slot] = id;
        maximum = Math.max(maximum, token.length);
      }
    }
    longest = maximum;
  }

  /** Returns the id of the token with these bytes, or -1. */
  int find(byte[] bytes, int from, int to) {
    return to - from > longest ? -1 : slots[slot(bytes, from, to)];
  }

  private int slot(byte[] bytes, int from, int to) {
    long hash = seed;
    for (int i = from; i < to; i++) {
      hash = (hash ^ bytes[i]) * 0x100000001b3L;
    }
    int mask = slots.length - 1;
    int slot = (int) (hash * 0x9e3779b97f4a7c15L >>> 32) & mask;
    while (slots[slot] >= 0) {
      byte[] token = tokens[slots[slot]];
      if (Arrays.equals(token, 0, token.length, bytes, from, to)) {
        return slot;
      }
      slot = slot + 1 & mask;
    }
    return slot;
  }
}
