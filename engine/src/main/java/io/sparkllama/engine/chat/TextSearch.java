package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;

/** Finds, counts and replaces within texts as Python's strings do; indices are code points. */
final class TextSearch {
  private final Rendering rendering;
  private final MarkedText text;
  private final String chars;
  private final boolean plain;

  TextSearch(Rendering rendering, MarkedText text) {
    this.rendering = rendering;
    this.text = text;
    this.chars = text.chars();
    this.plain = text.isPlain();
    rendering.budget().scan(text.length());
  }

  /** Returns where a text first stands between two indices, or -1. */
  int find(String sought, TemplateValue start, TemplateValue end) {
    Range range = range(start, end);
    if (range.isBackwards()) {
      return -1;
    }
    int found = pattern(sought).first(chars.substring(0, range.end()), range.start());
    return found < 0 ? -1 : number(found);
  }

  /** Returns where a text last stands between two indices, or -1. */
  int findLast(String sought, TemplateValue start, TemplateValue end) {
    Range range = range(start, end);
    if (range.isBackwards()) {
      return -1;
    }
    int found = pattern(sought).last(chars.substring(0, range.end()), range.end());
    return found < range.start() ? -1 : number(found);
  }

  /** Returns how often a text stands between two indices, apart. */
  int count(String sought, TemplateValue start, TemplateValue end) {
    Range range = range(start, end);
    if (range.isBackwards()) {
      return 0;
    }
    String part = chars.substring(range.start(), range.end());
    if (sought.isEmpty()) {
      return part.codePointCount(0, part.length()) + 1;
    }
    int count = 0;
    TextPattern pattern = pattern(sought);
    int at = pattern.first(part, 0);
    while (at >= 0) {
      count++;
      at = pattern.first(part, at + sought.length());
    }
    return count;
  }

  /**
   * Tells whether the part between two indices begins or ends with a text.
   *
   * @param affix a string, or a tuple of strings of which any will do
   */
  boolean hasAffix(String method, TemplateValue affix, TemplateValue start, TemplateValue end) {
    Range range = range(start, end);
    if (affix instanceof SequenceValue tuple && tuple.isTuple()) {
      for (TemplateValue item : tuple.items()) {
        if (hasAffix(method, item, range)) {
          return true;
        }
      }
      return false;
    }
    return hasAffix(method, affix, range);
  }

  private boolean hasAffix(String method, TemplateValue affix, Range range) {
    if (!(affix instanceof StringValue string)) {
      throw new TemplateException(
          method + " first arg must be str or a tuple of str, not " + affix.typeName());
    }
    String sought = string.chars();
    rendering.budget().steps(1 + sought.length() / 16);
    if (sought.length() > range.end() - range.start()) {
      return false;
    }
    return method.equals("startswith")
        ? chars.startsWith(sought, range.start())
        : chars.startsWith(sought, range.end() - sought.length());
  }

  /**
   * Replaces occurrences from the left.
   *
   * @param most replaced at most; all where it is negative
   */
  MarkedText replace(String old, MarkedText replacement, int most) {
    MarkedTextBuilder out = rendering.newText();
    int replaced = 0;
    int kept = 0; // everything before is written
    if (old.isEmpty()) {
      while (kept <= chars.length() && (most < 0 || replaced < most)) {
        out.append(replacement);
        replaced++;
        if (kept == chars.length()) {
          return out.build();
        }
        int next = kept + Character.charCount(chars.codePointAt(kept));
        out.append(text, kept, next);
        kept = next;
      }
    } else {
      TextPattern pattern = pattern(old);
      int found = pattern.first(chars, 0);
      while (found >= 0 && (most < 0 || replaced < most)) {
        out.append(text, kept, found).append(replacement);
        kept = found + old.length();
        replaced++;
        found = pattern.first(chars, kept);
      }
    }
    rendering.budget().steps(replaced);
    return out.append(text, kept, chars.length()).build();
  }

  private TextPattern pattern(String sought) {
    return new TextPattern(rendering.budget(), sought);
  }

  private int number(int index) {
    return plain ? index : chars.codePointCount(0, index);
  }

  /** Holds two UTF-16 indices of the text. */
  private record Range(int start, int end) {
    boolean isBackwards() {
      return start > end;
    }
  }

  private Range range(TemplateValue start, TemplateValue end) {
    int length = text.codePoints();
    int from = bound(start, length, 0);
    if (from > length) {
      return new Range(1, 0);
    }
    int to = Math.min(length, bound(end, length, length));
    return plain || from > to
        ? new Range(from, to)
        : new Range(chars.offsetByCodePoints(0, from), chars.offsetByCodePoints(0, to));
  }

  private static int bound(TemplateValue value, int length, int missing) {
    if (value == null || value == NoneValue.NONE) {
      return missing;
    }
    int index = NumberValues.index(value);
    return index < 0 ? Math.max(0, index + length) : index;
  }
}
