package io.sparkllama.engine.chat;

import java.util.Arrays;

/** Puts text together piece by piece, each with its origin, within the budget's characters. */
final class MarkedTextBuilder {
  /** What the two borders of a stretch of data take, with the copies of them. */
  private static final int CHARACTERS_PER_STRETCH = 8;

  private final Budget budget;
  private final StringBuilder chars = new StringBuilder();
  private int[] borders = new int[8]; // [count], as in MarkedText
  private int count;

  MarkedTextBuilder(Budget budget) {
    this.budget = budget;
  }

  int length() {
    return chars.length();
  }

  MarkedTextBuilder append(MarkedText text) {
    return append(text, 0, text.length());
  }

  /** Appends a part of a text. */
  MarkedTextBuilder append(MarkedText text, int start, int end) {
    budget.characters(end - start);
    int offset = chars.length() - start;
    chars.append(text.chars(), start, end);
    int[] given = text.borders();
    for (int i = text.firstEndingAfter(start); i < given.length && given[i] < end; i += 2) {
      addData(Math.max(given[i], start) + offset, Math.min(given[i + 1], end) + offset);
    }
    return this;
  }

  /** Appends text of one origin. */
  MarkedTextBuilder append(String text, boolean isData) {
    budget.characters(text.length());
    int start = chars.length();
    chars.append(text);
    if (isData) {
      addData(start, chars.length());
    }
    return this;
  }

  /** Appends one character. */
  MarkedTextBuilder append(char character, boolean isData) {
    budget.characters(1);
    chars.append(character);
    if (isData) {
      addData(chars.length() - 1, chars.length());
    }
    return this;
  }

  /** Appends text that a template's constructs write. */
  MarkedTextBuilder append(String text) {
    return append(text, false);
  }

  /** Appends a text so many times. */
  MarkedTextBuilder repeat(MarkedText text, long times) {
    if (text.isEmpty()) {
      return this;
    }
    if (times > Integer.MAX_VALUE / text.length()) {
      budget.characters(Long.MAX_VALUE);
    }
    budget.steps(times);
    for (long i = 0; i < times; i++) {
      append(text);
    }
    return this;
  }

  MarkedText build() {
    return chars.length() == 0
        ? MarkedText.EMPTY
        : new MarkedText(chars.toString(), Arrays.copyOf(borders, count));
  }

  private void addData(int start, int end) {
    if (start == end) {
      return;
    }
    if (count > 0 && borders[count - 1] == start) {
      borders[count - 1] = end;
      return;
    }
    budget.characters(CHARACTERS_PER_STRETCH);
    if (count + 2 > borders.length) {
      borders = Arrays.copyOf(borders, 2 * borders.length);
    }
    borders[count++] = start;
    borders[count++] = end;
  }
}
