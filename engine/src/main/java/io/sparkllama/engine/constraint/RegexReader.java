package io.sparkllama.engine.constraint;

import io.sparkllama.engine.api.InvalidConfigurationException;

/** Walks over a regular expression, character by character, and says where something is wrong. */
final class RegexReader {
  /** The most that a repetition may count to: far more than an automaton may have states. */
  private static final int MOST_NUMBER = 1_000_000;

  private final String expression;
  private int position;
  private int mark;

  RegexReader(String expression) {
    this.expression = expression;
    for (int at = 0; at < expression.length(); ) {
      int point = expression.codePointAt(at);
      if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
        throw refusalAt(at, "holds half a character (a lone surrogate)");
      }
      at += Character.charCount(point);
    }
  }

  boolean hasNext() {
    return position < expression.length();
  }

  /** Returns whether one character is left. */
  boolean isLast() {
    return position == expression.length() - 1;
  }

  boolean at(String text) {
    return expression.startsWith(text, position);
  }

  /** Skips a text where it stands here; returns whether it did. */
  boolean skip(String text) {
    boolean there = at(text);
    position += there ? text.length() : 0;
    return there;
  }

  /** Returns the next character; there must be one. */
  int next() {
    int point = expression.codePointAt(position);
    position += Character.charCount(point);
    return point;
  }

  int position() {
    return position;
  }

  /** Remembers the place, for a message. */
  void mark() {
    mark = position;
  }

  /** Reads a decimal number. */
  int number() {
    int begin = position;
    int value = 0;
    while (hasNext() && expression.charAt(position) >= '0' && expression.charAt(position) <= '9') {
      value = 10 * value + expression.charAt(position++) - '0';
      if (value > MOST_NUMBER) {
        throw refusalAt(begin, "has a number that is too large");
      }
    }
    if (position == begin) {
      throw refusal("lacks a number: write \\{ for the character itself");
    }
    return value;
  }

  /** Reads hexadecimal digits, so many, or those up to a closing brace where there is no number. */
  int hexadecimal(int digits) {
    int begin = position;
    int end = digits > 0 ? position + digits : expression.indexOf('}', position);
    int value = 0;
    for (; position < end && hasNext(); position++) {
      int digit = expression.charAt(position) < 0x80 ? hexadecimalDigit() : -1;
      value = 16 * value + digit;
      if (digit < 0 || value > Character.MAX_CODE_POINT) {
        throw refusalAt(begin, "has a code point that is none");
      }
    }
    if (position != end || position == begin) {
      throw refusalAt(begin, "has a code point that is none");
    }
    position += digits > 0 ? 0 : 1;
    return value;
  }

  private int hexadecimalDigit() {
    return Character.digit(expression.charAt(position), 16);
  }

  InvalidConfigurationException refusal(String what) {
    return refusalAt(position, what);
  }

  InvalidConfigurationException refusalAtMark(String what) {
    return refusalAt(mark, what);
  }

  /** Says what is wrong, and where: characters count from 1. */
  InvalidConfigurationException refusalAt(int place, String what) {
    return new InvalidConfigurationException(
        "The regular expression "
            + what
            + ": character "
            + (expression.codePointCount(0, Math.min(place, expression.length())) + 1)
            + " of "
            + expression);
  }
}
