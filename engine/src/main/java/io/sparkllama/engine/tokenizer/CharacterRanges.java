package io.sparkllama.engine.tokenizer;

import java.util.Arrays;

/** Holds a set of characters that is written as the inside of a pattern's brackets. */
final class CharacterRanges {
  private final long[] ranges; // first << 32 | last, ascending; [ranges]

  /**
   * Takes single characters and ranges with a hyphen between, in any order. Ranges meet in one
   * character at most; a hyphen is no end of a range, and nothing is escaped.
   */
  CharacterRanges(String characters) {
    int[] points = characters.codePoints().toArray();
    long[] found = new long[points.length];
    int count = 0;
    int at = 0;
    while (at < points.length) {
      boolean range = at + 2 < points.length && points[at + 1] == '-';
      found[count++] = (long) points[at] << 32 | points[range ? at + 2 : at];
      at += range ? 3 : 1;
    }
    ranges = Arrays.copyOf(found, count);
    Arrays.sort(ranges);
  }

  boolean contains(int point) {
    int place = Arrays.binarySearch(ranges, (long) point << 32 | Integer.MAX_VALUE);
    int range = -place - 2; // the last that begins at the character or before it
    return range >= 0 && point <= (int) ranges[range];
  }
}
