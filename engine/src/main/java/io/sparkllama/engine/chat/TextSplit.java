package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Cuts texts into parts, and trims their ends, as Python's strings do. */
final class TextSplit {
  private final Rendering rendering;
  private final StringValue string;
  private final MarkedText text;
  private final String chars;

  TextSplit(Rendering rendering, StringValue string) {
    this.rendering = rendering;
    this.string = string;
    this.text = string.text();
    this.chars = text.chars();
    rendering.budget().scan(text.length());
  }

  /** Says which ends are meant. */
  enum Ends {
    LEFT,
    RIGHT,
    BOTH
  }

  /** Takes characters off the ends: those of a set, or white space without one. */
  MarkedText strip(Ends ends, Optional<String> characters) {
    Optional<Set<Integer>> set = characters.map(this::set);
    int start = 0;
    int end = chars.length();
    while (ends != Ends.RIGHT && start < end && strips(chars.codePointAt(start), set)) {
      start += Character.charCount(chars.codePointAt(start));
    }
    while (ends != Ends.LEFT && end > start && strips(chars.codePointBefore(end), set)) {
      end -= Character.charCount(chars.codePointBefore(end));
    }
    rendering.budget().characters((end - start) / 8);
    return text.substring(start, end);
  }

  private Set<Integer> set(String characters) {
    rendering.budget().elements(characters.length());
    return characters.codePoints().boxed().collect(Collectors.toSet());
  }

  private static boolean strips(int c, Optional<Set<Integer>> set) {
    return set.isPresent() ? set.get().contains(c) : PythonCharacter.isWhitespace(c);
  }

  /**
   * Cuts at a separator, or at white space without one.
   *
   * @param most cuts made at most, from the left; any number where it is negative
   */
  TemplateValue split(Optional<String> separator, int most) {
    List<TemplateValue> parts = new ArrayList<>();
    if (separator.isPresent()) {
      String cut = required(separator.get());
      TextPattern pattern = pattern(cut);
      int at = 0;
      while (most < 0 || parts.size() < most) {
        int found = pattern.first(chars, at);
        if (found < 0) {
          break;
        }
        add(parts, at, found);
        at = found + cut.length();
      }
      add(parts, at, chars.length());
      return SequenceValue.list(parts);
    }
    int at = skipSpace(0);
    while (at < chars.length()) {
      if (most >= 0 && parts.size() >= most) {
        // What is left is one part, without the white space at its end.
        int end = chars.length();
        while (end > at && PythonCharacter.isWhitespace(chars.codePointBefore(end))) {
          end -= Character.charCount(chars.codePointBefore(end));
        }
        add(parts, at, end);
        break;
      }
      int end = at;
      while (end < chars.length() && !PythonCharacter.isWhitespace(chars.codePointAt(end))) {
        end += Character.charCount(chars.codePointAt(end));
      }
      add(parts, at, end);
      at = skipSpace(end);
    }
    return SequenceValue.list(parts);
  }

  private int skipSpace(int index) {
    int at = index;
    while (at < chars.length() && PythonCharacter.isWhitespace(chars.codePointAt(at))) {
      at += Character.charCount(chars.codePointAt(at));
    }
    return at;
  }

  /** Cuts as {@link #split} does, but from the right. */
  TemplateValue splitFromRight(Optional<String> separator, int most) {
    List<TemplateValue> parts = new ArrayList<>(); // last first
    int end = chars.length();
    if (separator.isPresent()) {
      String cut = required(separator.get());
      TextPattern pattern = pattern(cut);
      while (most < 0 || parts.size() < most) {
        int found = end < cut.length() ? -1 : pattern.last(chars, end - cut.length());
        if (found < 0) {
          break;
        }
        add(parts, found + cut.length(), end);
        end = found;
      }
      add(parts, 0, end);
    } else {
      end = skipSpaceBefore(end);
      while (end > 0) {
        int start = most >= 0 && parts.size() >= most ? 0 : startOfWord(end);
        add(parts, start, end);
        end = start == 0 || (most >= 0 && parts.size() > most) ? 0 : skipSpaceBefore(start);
      }
    }
    Collections.reverse(parts);
    return SequenceValue.list(parts);
  }

  private int skipSpaceBefore(int index) {
    int at = index;
    while (at > 0 && PythonCharacter.isWhitespace(chars.codePointBefore(at))) {
      at -= Character.charCount(chars.codePointBefore(at));
    }
    return at;
  }

  private int startOfWord(int end) {
    int start = end;
    while (start > 0 && !PythonCharacter.isWhitespace(chars.codePointBefore(start))) {
      start -= Character.charCount(chars.codePointBefore(start));
    }
    return start;
  }

  /** Cuts at line breaks, which are kept at the ends of the parts or left out. */
  List<MarkedText> lines(boolean keepsBreaks) {
    List<MarkedText> lines = new ArrayList<>();
    int start = 0;
    int at = 0;
    while (at < chars.length()) {
      int c = chars.codePointAt(at);
      int next = at + Character.charCount(c);
      if (PythonCharacter.isLineBreak(c)) {
        if (c == '\r' && next < chars.length() && chars.charAt(next) == '\n') {
          next++;
        }
        lines.add(part(start, keepsBreaks ? next : at));
        start = next;
      }
      at = next;
    }
    if (start < chars.length()) {
      lines.add(part(start, chars.length()));
    }
    return lines;
  }

  /** Returns what stands before a separator's first occurrence, the separator, and the rest. */
  TemplateValue partition(StringValue separator) {
    int at = pattern(required(separator.chars())).first(chars, 0);
    return at < 0
        ? SequenceValue.tuple(List.of(string, empty(), empty()))
        : around(at, separator.chars().length());
  }

  /** Returns what stands before a separator's last occurrence, the separator, and the rest. */
  TemplateValue partitionFromRight(StringValue separator) {
    int at = pattern(required(separator.chars())).last(chars, chars.length());
    return at < 0
        ? SequenceValue.tuple(List.of(empty(), empty(), string))
        : around(at, separator.chars().length());
  }

  private TextPattern pattern(String sought) {
    return new TextPattern(rendering.budget(), sought);
  }

  /** The separator is the one in this text: who looked for it did not write it. */
  private TemplateValue around(int at, int length) {
    return SequenceValue.tuple(
        List.of(
            string.with(part(0, at)),
            string.with(part(at, at + length)),
            string.with(part(at + length, chars.length()))));
  }

  private StringValue empty() {
    return string.with(MarkedText.EMPTY);
  }

  private static String required(String separator) {
    if (separator.isEmpty()) {
      throw new TemplateException("empty separator");
    }
    return separator;
  }

  private void add(List<TemplateValue> parts, int start, int end) {
    parts.add(string.with(part(start, end)));
  }

  private MarkedText part(int start, int end) {
    rendering.budget().elements(1);
    rendering.budget().characters(end - start);
    return text.substring(start, end);
  }
}
