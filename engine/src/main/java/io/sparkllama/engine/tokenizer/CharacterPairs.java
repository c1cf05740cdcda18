package io.sparkllama.engine.tokenizer;

/**
 * Knows which characters stand side by side within some token. Where two do not, no token can reach
 * across, so that text may be cut there first: the ids are the same.
 */
final class CharacterPairs {
  private final LongIntMap pairs = new LongIntMap(4096);

  void addToken(String token) {
    int before = -1;
    int at = 0;
    while (at < token.length()) {
      int point = token.codePointAt(at);
      if (before >= 0) {
        pairs.putIfAbsent(pair(before, point), 1);
      }
      before = point;
      at += Character.charCount(point);
    }
  }

  boolean contains(int before, int after) {
    return pairs.get(pair(before, after)) >= 0;
  }

  private static long pair(int before, int after) {
    return (long) before << 32 | after;
  }
}
