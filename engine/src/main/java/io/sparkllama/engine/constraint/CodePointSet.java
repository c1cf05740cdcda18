package io.sparkllama.engine.constraint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Holds a set of characters as ranges of code points; surrogates, which are none, are in no set.
 */
final class CodePointSet {
  /** Holds code points from the first to the last. */
  record Range(int first, int last) {}

  private static final List<Range> CHARACTERS =
      List.of(new Range(0, 0xd7ff), new Range(0xe000, Character.MAX_CODE_POINT));

  private final List<Range> ranges; // rising, apart from one another

  private CodePointSet(List<Range> ranges) {
    this.ranges = ranges;
  }

  /** Returns the set of all characters in the given ranges. */
  static CodePointSet of(List<Range> given) {
    List<Range> sorted = new ArrayList<>();
    for (Range range : given) {
      for (Range part : CHARACTERS) {
        int first = Math.max(range.first(), part.first());
        int last = Math.min(range.last(), part.last());
        if (first <= last) {
          sorted.add(new Range(first, last));
        }
      }
    }
    sorted.sort(Comparator.comparingInt(Range::first));
    List<Range> joined = new ArrayList<>();
    for (Range range : sorted) {
      Range before = joined.isEmpty() ? null : joined.get(joined.size() - 1);
      if (before != null && range.first() <= before.last() + 1) {
        int last = Math.max(before.last(), range.last());
        joined.set(joined.size() - 1, new Range(before.first(), last));
      } else {
        joined.add(range);
      }
    }
    return new CodePointSet(Collections.unmodifiableList(joined));
  }

  /** Returns the set of the characters of a text. */
  static CodePointSet of(String characters) {
    return of(characters.codePoints().mapToObj(point -> new Range(point, point)).toList());
  }

  /** Returns the characters that are not in the set. */
  CodePointSet complement() {
    List<Range> others = new ArrayList<>();
    int next = 0;
    for (Range range : ranges) {
      others.add(new Range(next, range.first() - 1));
      next = range.last() + 1;
    }
    others.add(new Range(next, Character.MAX_CODE_POINT));
    return of(others);
  }

  /** Returns its ranges, rising. */
  List<Range> ranges() {
    return ranges;
  }
}
