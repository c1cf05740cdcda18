package io.sparkllama.engine.chat;

/**
 * Finds a text within others in time that grows with their lengths alone, whatever they hold; takes
 * the steps of it.
 */
final class TextPattern {
  /** Below this, comparing at every place is fast enough. */
  private static final int LONG = 16;

  private final Budget budget;
  private final String sought;
  private final int[] borders; // [sought.length()], see bordersOf; null for short texts
  private final int[] bordersFromEnd; // the same of the reversed text

  TextPattern(Budget budget, String sought) {
    this.budget = budget;
    this.sought = sought;
    boolean isLong = sought.length() >= LONG;
    if (isLong) {
      budget.steps(sought.length() / 4);
      budget.characters(4L * sought.length());
    }
    borders = isLong ? bordersOf(sought) : null;
    bordersFromEnd = isLong ? bordersOf(reversed()) : null;
  }

  /** Returns the first place at or after an index, or -1. */
  int first(String text, int from) {
    int found = borders == null ? text.indexOf(sought, from) : scan(text, from);
    budget.scan((found < 0 ? text.length() : found) - Math.min(from, text.length()));
    return found;
  }

  /** Returns the last place at or before an index, or -1. */
  int last(String text, int from) {
    int found = borders == null ? text.lastIndexOf(sought, from) : scanBack(text, from);
    budget.scan(Math.max(0, Math.min(from, text.length())) - Math.max(0, found));
    return found;
  }

  private int scan(String text, int from) {
    int matched = 0;
    for (int at = Math.max(0, from); at < text.length(); at++) {
      char c = text.charAt(at);
      while (matched > 0 && sought.charAt(matched) != c) {
        matched = borders[matched - 1];
      }
      if (sought.charAt(matched) == c && ++matched == sought.length()) {
        return at - matched + 1;
      }
    }
    return -1;
  }

  private int scanBack(String text, int from) {
    int last = sought.length() - 1;
    int matched = 0;
    for (int at = (int) Math.min(text.length() - 1L, (long) from + last); at >= 0; at--) {
      char c = text.charAt(at);
      while (matched > 0 && sought.charAt(last - matched) != c) {
        matched = bordersFromEnd[matched - 1];
      }
      if (sought.charAt(last - matched) == c && ++matched == sought.length()) {
        return at;
      }
    }
    return -1;
  }

  // Not StringBuilder.reverse, which keeps surrogate pairs in their order.
  private String reversed() {
    char[] reversed = new char[sought.length()];
    for (int i = 0; i < reversed.length; i++) {
      reversed[i] = sought.charAt(reversed.length - 1 - i);
    }
    return new String(reversed);
  }

  /**
   * Returns, for every beginning, the length of its longest end that it begins with (Knuth, Morris,
   * Pratt).
   */
  private static int[] bordersOf(String text) {
    int[] borders = new int[text.length()];
    int length = 0;
    for (int i = 1; i < borders.length; i++) {
      while (length > 0 && text.charAt(i) != text.charAt(length)) {
        length = borders[length - 1];
      }
      if (text.charAt(i) == text.charAt(length)) {
        length++;
      }
      borders[i] = length;
    }
    return borders;
  }
}
