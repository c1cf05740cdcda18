package io.sparkllama.job.division;

import java.util.Optional;

/**
 * Chooses among the borders of a text those that cut it into the fewest parts within a room, parts
 * of about equal length. Near the even length a sentence's end is taken before white space, and
 * that before a place between characters.
 */
final class EvenCuts {
  /** Is how far from the even length a better border is looked for, in lengths of a part. */
  private static final double REACH = 0.25;

  private final Borders borders;
  private final double room;

  private EvenCuts(Borders borders, double room) {
    this.borders = borders;
    this.room = room;
  }

  /**
   * Returns the borders to cut at by their indexes, the first and the last among them; nothing
   * where neighbours are further apart than the room.
   */
  static Optional<int[]> of(Borders borders, double room) {
    return new EvenCuts(borders, room).choose();
  }

  private Optional<int[]> choose() {
    int[] earliest = earliest();
    if (earliest.length == 0) {
      return Optional.empty();
    }
    int parts = earliest.length - 1;
    int[] cuts = new int[parts + 1];
    cuts[parts] = borders.last();
    for (int i = 1; i < parts; i++) {
      double even = borders.between(cuts[i - 1], borders.last()) / (parts - i + 1);
      cuts[i] = cut(cuts[i - 1], Math.max(cuts[i - 1] + 1, earliest[i]), even);
    }
    return Optional.of(cuts);
  }

  /**
   * Returns, for the fewest parts, where each must begin at the earliest so that the ones after it
   * can take the rest: found from the end, each part as long as the room allows.
   */
  private int[] earliest() {
    int[] fromEnd = new int[borders.last() + 1];
    int count = 1;
    int end = borders.last();
    fromEnd[0] = end;
    while (end > 0) {
      int begin = end;
      while (begin > 0 && borders.between(begin - 1, end) <= room) {
        begin--;
      }
      if (begin == end) {
        return new int[0];
      }
      fromEnd[count++] = begin;
      end = begin;
    }
    int[] earliest = new int[count];
    for (int i = 0; i < count; i++) {
      earliest[i] = fromEnd[count - 1 - i];
    }
    return earliest;
  }

  /** Returns where a part ends that begins at a border and ends at another one at the earliest. */
  private int cut(int begin, int least, double even) {
    int best = -1;
    int nearest = least;
    for (int i = least; i < borders.last() && borders.between(begin, i) <= room; i++) {
      double off = Math.abs(borders.between(begin, i) - even);
      if (off < Math.abs(borders.between(begin, nearest) - even)) {
        nearest = i;
      }
      if (off <= REACH * even && (best < 0 || isBetter(i, best, begin, even))) {
        best = i;
      }
      if (borders.between(begin, i) > even * (1 + REACH)) {
        break;
      }
    }
    return best < 0 ? nearest : best;
  }

  private boolean isBetter(int one, int other, int begin, double even) {
    if (borders.rank(one) != borders.rank(other)) {
      return borders.rank(one) > borders.rank(other);
    }
    return Math.abs(borders.between(begin, one) - even)
        < Math.abs(borders.between(begin, other) - even);
  }
}
