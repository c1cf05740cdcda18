package io.sparkllama.job.division;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Cuts a text into halves, and these again, until every part's prompt fits: needs no estimate, and
 * finds a division where characters allow one, but not the fewest parts. Tokenizes the text once
 * for each time that it is halved.
 */
record Halves(String text, PartMeasure measure, int limit) {

  /**
   * Returns positions of the text, its beginning and its end among them.
   *
   * @param most parts
   * @return nothing where a character by itself does not fit, or there are more parts
   */
  Optional<int[]> cuts(int most) {
    List<Integer> cuts = new ArrayList<>(List.of(0));
    return cut(0, text.length(), most, cuts)
        ? Optional.of(cuts.stream().mapToInt(Integer::intValue).toArray())
        : Optional.empty();
  }

  private boolean cut(int from, int to, int most, List<Integer> cuts) {
    if (cuts.size() > most) {
      return false;
    }
    if (measure.promptTokens(text.substring(from, to)) <= limit) {
      cuts.add(to);
      return true;
    }
    int middle = middle(from, to);
    return middle > from
        && middle < to
        && cut(from, middle, most, cuts)
        && cut(middle, to, most, cuts);
  }

  /**
   * Returns the last place behind white space before the middle, but not far before, or else it.
   */
  private int middle(int from, int to) {
    int length = to - from;
    for (int i = from + length / 2; i > from + length / 4; i--) {
      if (Characters.isSpace(text.charAt(i - 1)) && !Characters.isSpace(text.charAt(i))) {
        return i;
      }
    }
    int middle = Characters.borderFrom(text, from + (length + 1) / 2);
    return middle < to ? middle : Characters.borderFrom(text, from + 1);
  }
}
