package io.sparkllama.engine.tokenizer;

import java.util.Arrays;

/**
 * Brings text into Unicode's normalization form C (Unicode Standard Annex 15), by the project's own
 * tables: a token id must not change with the JDK, and a run of marks without end must not take
 * quadratic time, as sorting by insertion does.
 */
final class NormalizationFormC implements TextNormalizer {
  static final NormalizationFormC INSTANCE = new NormalizationFormC();

  private static final int UNCHANGED_BELOW =
      0x300; // the first mark, and nothing decomposes for good
  private static final int S_BASE = 0xac00;
  private static final int L_BASE = 0x1100;
  private static final int V_BASE = 0x1161;
  private static final int T_BASE = 0x11a7;
  private static final int L_COUNT = 19;
  private static final int V_COUNT = 21;
  private static final int T_COUNT = 28;
  private static final int S_COUNT = L_COUNT * V_COUNT * T_COUNT;

  private final byte[] classes =
      new byte[Character.MAX_CODE_POINT + 1]; // combining class, unsigned
  private final LongIntMap firsts = new LongIntMap(2048); // character -> first part
  private final LongIntMap seconds = new LongIntMap(2048); // character -> second part
  private final LongIntMap composites = new LongIntMap(2048); // first << 32 | second -> character

  private NormalizationFormC() {
    TableReader runs = new TableReader(NormalizationTable.COMBINING_CLASSES);
    int point = 0;
    while (runs.more()) {
      runs.letter();
      byte combiningClass = (byte) runs.number();
      runs.letter();
      int length = runs.number();
      Arrays.fill(classes, point, point + length, combiningClass);
      point += length;
    }
    TableReader table = new TableReader(NormalizationTable.DECOMPOSITIONS);
    point = 0;
    while (table.more()) {
      boolean composes = table.letter() == 'C';
      point += table.number();
      table.letter();
      int first = table.number();
      firsts.putIfAbsent(point, first);
      if (table.next('A')) {
        table.letter();
        int second = table.number();
        seconds.putIfAbsent(point, second);
        if (composes) {
          composites.putIfAbsent(pair(first, second), point);
        }
      }
    }
  }

  private static long pair(int first, int second) {
    return (long) first << 32 | second;
  }

  @Override
  public String normalize(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= UNCHANGED_BELOW) {
        return recompose(text);
      }
    }
    return text;
  }

  private String recompose(String text) {
    IntList points = new IntList(text.length() + 16);
    int at = 0;
    while (at < text.length()) {
      int point = text.codePointAt(at);
      decompose(point, points);
      at += Character.charCount(point);
    }
    int[] decomposed = points.toArray();
    order(decomposed);
    int length = compose(decomposed);
    return new String(decomposed, 0, length);
  }

  /** Adds a character's full canonical decomposition; Unicode's nest a few levels deep. */
  private void decompose(int point, IntList points) {
    int syllable = point - S_BASE;
    if (syllable >= 0 && syllable < S_COUNT) {
      points.add(L_BASE + syllable / (V_COUNT * T_COUNT));
      points.add(V_BASE + syllable % (V_COUNT * T_COUNT) / T_COUNT);
      if (syllable % T_COUNT > 0) {
        points.add(T_BASE + syllable % T_COUNT);
      }
      return;
    }
    int first = point < 0xc0 ? -1 : firsts.get(point);
    if (first < 0) {
      points.add(point);
      return;
    }
    decompose(first, points);
    int second = seconds.get(point);
    if (second >= 0) {
      decompose(second, points);
    }
  }

  private int combiningClass(int point) {
    return classes[point] & 0xff;
  }

  /** Sorts each run of marks by combining class, marks of one class as they stand. */
  private void order(int[] points) {
    int from = 0;
    while (from < points.length) {
      if (classes[points[from]] == 0) {
        from++;
        continue;
      }
      int to = from + 1;
      boolean ordered = true;
      while (to < points.length && classes[points[to]] != 0) {
        ordered &= combiningClass(points[to - 1]) <= combiningClass(points[to]);
        to++;
      }
      if (!ordered) {
        orderRun(points, from, to);
      }
      from = to;
    }
  }

  private void orderRun(int[] points, int from, int to) {
    int[] run = Arrays.copyOfRange(points, from, to);
    long[] keys = new long[run.length]; // class << 32 | place in the run
    for (int i = 0; i < run.length; i++) {
      keys[i] = (long) combiningClass(run[i]) << 32 | i;
    }
    Arrays.sort(keys);
    for (int i = 0; i < run.length; i++) {
      points[from + i] = run[(int) keys[i]];
    }
  }

  /** Composes in place and returns the new length. */
  private int compose(int[] points) {
    int length = 0;
    int starter = -1; // place of the last character of class 0
    int lastClass = -1; // of what stands between it and here; -1 where nothing does
    for (int point : points) {
      int thisClass = combiningClass(point);
      int composite = -1;
      if (starter >= 0 && lastClass < thisClass) {
        composite = composite(points[starter], point);
      }
      if (composite >= 0) {
        points[starter] = composite;
        continue;
      }
      points[length] = point;
      if (thisClass == 0) {
        starter = length;
        lastClass = -1;
      } else {
        lastClass = thisClass;
      }
      length++;
    }
    return length;
  }

  private int composite(int first, int second) {
    int leading = first - L_BASE;
    int vowel = second - V_BASE;
    if (leading >= 0 && leading < L_COUNT && vowel >= 0 && vowel < V_COUNT) {
      return S_BASE + (leading * V_COUNT + vowel) * T_COUNT;
    }
    int syllable = first - S_BASE;
    int trailing = second - T_BASE;
    if (syllable >= 0 && syllable < S_COUNT && syllable % T_COUNT == 0) {
      if (trailing > 0 && trailing < T_COUNT) {
        return first + trailing;
      }
    }
    return composites.get(pair(first, second));
  }
}
