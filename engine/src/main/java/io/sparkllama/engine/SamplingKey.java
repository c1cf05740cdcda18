package io.sparkllama.engine;

import io.sparkllama.engine.api.RowKey;

/**
 * Derives the random generator's key of a sequence from the seed, the row's key and the sample's
 * index.
 *
 * <p>Two lanes start from different digits of pi and absorb the four words in order: {@code lane =
 * mix((lane ^ word) + 0x9E3779B97F4A7C15)}, where mix is SplitMix64's finalizer (Steele, Lea and
 * Flood, "Fast splittable pseudorandom number generators", with Stafford's variant 13). The rule is
 * fixed for good: answers depend on it.
 */
record SamplingKey(long first, long second) {
  private static final long FIRST_LANE = 0x243F6A8885A308D3L;
  private static final long SECOND_LANE = 0x13198A2E03707344L;
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  static SamplingKey of(long seed, RowKey row, long sample) {
    return new SamplingKey(
        absorb(FIRST_LANE, seed, row.high(), row.low(), sample),
        absorb(SECOND_LANE, seed, row.high(), row.low(), sample));
  }

  private static long absorb(long lane, long... words) {
    long state = lane;
    for (long word : words) {
      state = mix((state ^ word) + GOLDEN_RATIO);
    }
    return state;
  }

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
