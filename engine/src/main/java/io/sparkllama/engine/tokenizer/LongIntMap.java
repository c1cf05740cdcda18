package io.sparkllama.engine.tokenizer;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** Maps longs to non-negative ints by open addressing, without boxes. */
final class LongIntMap {
  private static final int ABSENT = -1;

  // Drawn anew for each map, so that no file can be written to make its keys collide.
  private final long multiplier = ThreadLocalRandom.current().nextLong() | 1;
  private long[] keys;
  private int[] values; // ABSENT where a slot is free
  private int size;

  LongIntMap(int expected) {
    allocate(Integer.highestOneBit(Math.max(8, expected)) << 2);
  }

  /** Returns the value of a key, or -1. */
  int get(long key) {
    return values[slot(key)];
  }

  /** Adds a key unless it is there, and returns the value that it then has. */
  int putIfAbsent(long key, int value) {
    int slot = slot(key);
    if (values[slot] == ABSENT) {
      keys[slot] = key;
      values[slot] = value;
      if (++size > keys.length / 2) {
        grow();
      }
      return value;
    }
    return values[slot];
  }

  private int slot(long key) {
    int mask = keys.length - 1;
    long mixed = (key ^ key >>> 32) * multiplier;
    int slot = (int) (mixed >>> 32) & mask;
    while (values[slot] != ABSENT && keys[slot] != key) {
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldValues = values;
    allocate(2 * oldKeys.length);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldValues[i] != ABSENT) {
        int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        values[slot] = oldValues[i];
      }
    }
  }

  private void allocate(int slots) {
    keys = new long[slots];
    values = new int[slots];
    Arrays.fill(values, ABSENT);
  }
}
