package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;

/** Reads what stands between the quotes of a string, with Python's escapes. */
final class StringLiteral {
  private StringLiteral() {}

  static String text(String literal) {
    if (literal.indexOf('\\') < 0) {
      return literal;
    }
    StringBuilder out = new StringBuilder(literal.length());
    int at = 0;
    while (at < literal.length()) {
      char c = literal.charAt(at++);
      if (c == '\\' && at < literal.length()) {
        at = escape(literal, at, out);
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** Reads an escape after its backslash, and returns where it ends. */
  private static int escape(String literal, int at, StringBuilder out) {
    char c = literal.charAt(at);
    switch (c) {
      case '\n' -> {}
      case '\\', '\'', '"' -> out.append(c);
      case 'a' -> out.append('\u0007');
      case 'b' -> out.append('\b');
      case 'f' -> out.append('\f');
      case 'n' -> out.append('\n');
      case 'r' -> out.append('\r');
      case 't' -> out.append('\t');
      case 'v' -> out.append('\u000b');
      case 'x' -> {
        return hexadecimal(literal, at + 1, 2, out);
      }
      case 'u' -> {
        return hexadecimal(literal, at + 1, 4, out);
      }
      case 'U' -> {
        return hexadecimal(literal, at + 1, 8, out);
      }
      case 'N' -> {
        return named(literal, at + 1, out);
      }
      case '0', '1', '2', '3', '4', '5', '6', '7' -> {
        return octal(literal, at, out);
      }
      default -> out.append('\\').append(c);
    }
    return at + 1;
  }

  private static int octal(String literal, int at, StringBuilder out) {
    int end = at;
    int value = 0;
    while (end < literal.length()
        && end < at + 3
        && literal.charAt(end) >= '0'
        && literal.charAt(end) <= '7') {
      value = 8 * value + literal.charAt(end++) - '0';
    }
    out.append((char) value);
    return end;
  }

  private static int hexadecimal(String literal, int at, int digits, StringBuilder out) {
    long value = 0;
    for (int i = at; i < at + digits; i++) {
      int digit = i < literal.length() ? hexDigit(literal.charAt(i)) : -1;
      if (digit < 0) {
        throw new TemplateException("a string holds an escape with too few hexadecimal digits");
      }
      value = 16 * value + digit;
    }
    if (value > Character.MAX_CODE_POINT) {
      throw new TemplateException("a string holds an escape beyond the last character");
    }
    out.appendCodePoint((int) value);
    return at + digits;
  }

  private static int hexDigit(char c) {
    return c < 0x80 ? Character.digit(c, 16) : -1;
  }

  private static int named(String literal, int at, StringBuilder out) {
    int end = literal.indexOf('}', at);
    if (at >= literal.length() || literal.charAt(at) != '{' || end < 0) {
      throw new TemplateException("malformed \\N character escape");
    }
    try {
      out.appendCodePoint(Character.codePointOf(literal.substring(at + 1, end)));
    } catch (IllegalArgumentException unknown) {
      throw new TemplateException("unknown Unicode character name");
    }
    return end + 1;
  }
}
