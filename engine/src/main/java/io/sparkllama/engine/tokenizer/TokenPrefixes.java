package io.sparkllama.engine.tokenizer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Finds all tokens that begin at a place, byte by byte: tokens in the order of their bytes, of
 * which each byte leaves a narrower stretch.
 */
final class TokenPrefixes {
  private final byte[][] tokens; // ascending as unsigned bytes, all different, none empty
  private final int[] ids; // [tokens], the lowest of equal ones

  /** Takes tokens by id; null or empty for those that are not to be found. */
  TokenPrefixes(byte[][] byId) {
    int[] sorted =
        IntStream.range(0, byId.length)
            .filter(id -> byId[id] != null && byId[id].length > 0)
            .boxed()
            .sorted(
                Comparator.<Integer, byte[]>comparing(id -> byId[id], Arrays::compareUnsigned)
                    .thenComparing(Comparator.naturalOrder()))
            .mapToInt(Integer::intValue)
            .toArray();
    byte[][] kept = new byte[sorted.length][];
    int[] keptIds = new int[sorted.length];
    int count = 0;
    for (int id : sorted) {
      if (count == 0 || !Arrays.equals(kept[count - 1], byId[id])) {
        kept[count] = byId[id];
        keptIds[count++] = id;
      }
    }
    tokens = Arrays.copyOf(kept, count);
    ids = Arrays.copyOf(keptIds, count);
  }

  /** Walks along one place's bytes; one thread at a time, over and over. */
  final class Walk {
    private int first; // tokens [first, end) begin with the bytes so far
    private int end;
    private int depth;

    /** Goes to a new place. */
    void begin() {
      first = 0;
      end = tokens.length;
      depth = 0;
    }

    /** Takes the next byte and returns whether any token goes on so. */
    boolean step(byte next) {
      int value = next & 0xff;
      if (first < end && tokens[first].length == depth) {
        first++; // the token that ended here
      }
      first = lowest(value);
      end = lowest(value + 1);
      depth++;
      return first < end;
    }

    /** Returns the token that ends here, or -1. */
    int id() {
      return first < end && tokens[first].length == depth ? ids[first] : -1;
    }

    /** Returns the first token whose next byte is not below a value. */
    private int lowest(int value) {
      int low = first;
      int high = end;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if ((tokens[middle][depth] & 0xff) < value) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }
  }
}
