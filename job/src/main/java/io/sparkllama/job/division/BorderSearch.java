package io.sparkllama.job.division;

/**
 * Finds the places where a text may be cut: the ends of its sentences; within a sentence that is
 * longer than a part, behind white space; within a word that is, between characters.
 *
 * <p>Places that lie closer together than a small share of a part are of no use, and most are left
 * out, so that their number follows the number of parts.
 */
final class BorderSearch {
  private static final int PLACES_OF_A_PART = 64;
  private static final int PIECES_OF_A_WORD = 16;

  private final String text;
  private final TokenProfile profile;
  private final double room;
  private final Borders borders = new Borders();

  private int start; // of what no border has been found for

  private BorderSearch(String text, TokenProfile profile, double room) {
    this.text = text;
    this.profile = profile;
    this.room = room;
  }

  /**
   * Returns borders with no more than the room between neighbours, where characters allow it.
   *
   * @param room tokens of a part
   */
  static Borders of(String text, TokenProfile profile, double room) {
    BorderSearch search = new BorderSearch(text, profile, room);
    SentenceEnds ends = new SentenceEnds(text);
    int before = 0; // end of a sentence that was left out, or start
    for (int end = ends.next(); search.start < text.length(); end = ends.next()) {
      if (search.tokens(search.start, end) > room) {
        if (before > search.start) {
          search.add(before, Borders.SENTENCE);
        }
        if (search.tokens(search.start, end) > room) {
          search.addSpaces(end);
        }
      }
      if (end == text.length() || search.isApart(end)) {
        search.add(end, Borders.SENTENCE);
      }
      before = end;
    }
    return search.borders;
  }

  /** Adds borders within a sentence. */
  private void addSpaces(int end) {
    int before = start; // a border that was left out, or start
    for (int i = start + 1; i <= end; i++) {
      boolean border =
          i == end
              || (Characters.isSpace(text.charAt(i - 1)) && !Characters.isSpace(text.charAt(i)));
      if (!border) {
        continue;
      }
      if (tokens(start, i) > room) {
        if (before > start) {
          add(before, Borders.SPACE);
        }
        if (tokens(start, i) > room) {
          addCharacters(i);
        }
      }
      if (i < end && isApart(i)) {
        add(i, Borders.SPACE);
      }
      before = i;
    }
  }

  /** Adds borders within a word. */
  private void addCharacters(int end) {
    double pieces = Math.ceil(tokens(start, end) / room * PIECES_OF_A_WORD);
    int step = (int) Math.max(1, (end - start) / pieces);
    for (int i = start + step; i < end; i += step) {
      int border = Characters.borderFrom(text, i);
      if (border > start && border < end) {
        add(border, Borders.CHARACTER);
      }
    }
  }

  private boolean isApart(int position) {
    return tokens(start, position) * PLACES_OF_A_PART >= room;
  }

  private double tokens(int from, int to) {
    return profile.before(to) - profile.before(from);
  }

  private void add(int position, byte rank) {
    borders.add(position, rank, profile.before(position));
    start = position;
  }
}
