package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Holds text whose every character remembers who wrote it, the template or data, so that a special
 * token can never come out of a document. Indices are of UTF-16 units.
 */
final class MarkedText {
  static final MarkedText EMPTY = new MarkedText("", new int[0]);

  private final String chars;
  private final int[] borders; // [2 * stretches of data], start and end of each, ascending, apart
  private int codePoints = -1; // where they are not counted yet; any thread counts the same

  /** Takes borders as they are; nothing is copied. */
  MarkedText(String chars, int[] borders) {
    this.chars = chars;
    this.borders = borders;
  }

  static MarkedText ofTemplate(String chars) {
    return chars.isEmpty() ? EMPTY : new MarkedText(chars, EMPTY.borders);
  }

  static MarkedText ofData(String chars) {
    return chars.isEmpty() ? EMPTY : new MarkedText(chars, new int[] {0, chars.length()});
  }

  static MarkedText of(String chars, boolean isData) {
    return isData ? ofData(chars) : ofTemplate(chars);
  }

  /** Takes the text of a prompt with the origins of its spans. */
  static MarkedText of(Prompt prompt) {
    StringBuilder chars = new StringBuilder();
    int[] borders = new int[2 * prompt.spans().size()];
    int count = 0;
    for (Span span : prompt.spans()) {
      int start = chars.length();
      chars.append(span.text());
      if (span.origin() == Origin.DATA && chars.length() > start) {
        if (count > 0 && borders[count - 1] == start) {
          count--;
        } else {
          borders[count++] = start;
        }
        borders[count++] = chars.length();
      }
    }
    return new MarkedText(chars.toString(), Arrays.copyOf(borders, count));
  }

  /** Returns the text with its origins as spans, neighbours of different origin. */
  Prompt toPrompt(Budget budget) {
    budget.elements(borders.length);
    List<Span> spans = new ArrayList<>(borders.length + 1);
    int at = 0;
    for (int i = 0; i < borders.length; i += 2) {
      if (borders[i] > at) {
        spans.add(new Span(chars.substring(at, borders[i]), Origin.TEMPLATE));
      }
      spans.add(new Span(chars.substring(borders[i], borders[i + 1]), Origin.DATA));
      at = borders[i + 1];
    }
    if (at < chars.length()) {
      spans.add(new Span(chars.substring(at), Origin.TEMPLATE));
    }
    return new Prompt(spans);
  }

  String chars() {
    return chars;
  }

  int length() {
    return chars.length();
  }

  boolean isEmpty() {
    return chars.isEmpty();
  }

  int[] borders() {
    return borders;
  }

  /** Tells whether data wrote the UTF-16 unit at an index. */
  boolean isData(int index) {
    int found = Arrays.binarySearch(borders, index);
    // A border itself starts data where it stands at an even place, and ends it at an odd one.
    int place = found >= 0 ? found : -found - 2;
    return place >= 0 && place % 2 == 0;
  }

  /** Tells whether data wrote the character at an index, or half of it where it is a pair. */
  boolean isDataCharacter(int index) {
    return hasData(index, index + Character.charCount(chars.codePointAt(index)));
  }

  /** Tells whether data wrote any of what stands between two indices. */
  boolean hasData(int start, int end) {
    int stretch = firstEndingAfter(start);
    return stretch < borders.length && borders[stretch] < end;
  }

  /** Tells whether data wrote any of it. */
  boolean hasData() {
    return borders.length > 0;
  }

  MarkedText substring(int start, int end) {
    if (start == 0 && end == chars.length()) {
      return this;
    }
    if (start >= end) {
      return EMPTY;
    }
    String part = chars.substring(start, end);
    if (borders.length == 0) {
      return new MarkedText(part, borders);
    }
    int first = firstEndingAfter(start);
    int last = firstEndingAfter(end - 1);
    int next = last < borders.length && borders[last] < end ? last + 2 : last;
    int[] kept = Arrays.copyOfRange(borders, first, next);
    for (int i = 0; i < kept.length; i++) {
      kept[i] = Math.max(start, Math.min(end, kept[i])) - start;
    }
    return new MarkedText(part, kept);
  }

  MarkedText substring(int start) {
    return substring(start, chars.length());
  }

  /**
   * Returns the place in {@link #borders} of the first stretch of data that ends after an index.
   */
  int firstEndingAfter(int index) {
    int low = 0;
    int high = borders.length / 2;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (borders[2 * middle + 1] <= index) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return 2 * low;
  }

  /** Tells whether every UTF-16 unit is a character, so that indices need no conversion. */
  boolean isPlain() {
    return codePoints() == chars.length();
  }

  /** Returns the number of characters, as code points; they are counted only once. */
  int codePoints() {
    if (codePoints < 0) {
      codePoints = chars.codePointCount(0, chars.length());
    }
    return codePoints;
  }
}
