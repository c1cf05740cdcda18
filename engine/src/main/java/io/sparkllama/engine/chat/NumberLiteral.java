package io.sparkllama.engine.chat;

/**
 * Holds a number as a template writes it.
 *
 * @param digits without underscores; whole numbers may begin with {@code 0x}, {@code 0o}, {@code
 *     0b}
 * @param end where it ends in the template
 */
record NumberLiteral(TokenKind kind, String digits, int end) {

  /** Reads a number that begins at a place, or returns null. */
  static NumberLiteral at(String source, int start) {
    int whole = digits(source, start, 10);
    if (whole == start) {
      return null;
    }
    // After a dot there are indices, as in a.0.1, and no fractions.
    int real = start > 0 && source.charAt(start - 1) == '.' ? start : realEnd(source, whole);
    if (real > whole) {
      return of(TokenKind.REAL, source, start, real);
    }
    return of(TokenKind.INTEGER, source, start, integerEnd(source, start, whole));
  }

  private static NumberLiteral of(TokenKind kind, String source, int start, int end) {
    return new NumberLiteral(kind, source.substring(start, end).replace("_", ""), end);
  }

  private static int realEnd(String source, int whole) {
    int end = whole;
    if (end < source.length() && source.charAt(end) == '.') {
      int fraction = digits(source, end + 1, 10);
      end = fraction > end + 1 ? fraction : end;
    }
    if (end < source.length() && (source.charAt(end) == 'e' || source.charAt(end) == 'E')) {
      int sign = end + 1;
      if (sign < source.length() && "+-".indexOf(source.charAt(sign)) >= 0) {
        sign++;
      }
      int exponent = digits(source, sign, 10);
      end = exponent > sign ? exponent : end;
    }
    return end;
  }

  private static int integerEnd(String source, int start, int whole) {
    if (source.charAt(start) != '0') {
      return whole;
    }
    if (start + 1 < source.length()) {
      int base =
          switch (source.charAt(start + 1)) {
            case 'b', 'B' -> 2;
            case 'o', 'O' -> 8;
            case 'x', 'X' -> 16;
            default -> 0;
          };
      int first = source.startsWith("_", start + 2) ? start + 3 : start + 2;
      int end = base == 0 ? first : digits(source, first, base);
      if (end > first) {
        return end;
      }
    }
    // A number that begins with zero is zero, and what follows is another one.
    int end = start + 1;
    while (end < source.length()
        && (source.charAt(end) == '0'
            || (source.charAt(end) == '_' && source.startsWith("0", end + 1)))) {
      end++;
    }
    return end;
  }

  /** Returns where digits end that may have single underscores between them. */
  private static int digits(String source, int start, int base) {
    int end = start;
    while (end < source.length()) {
      boolean separator = end > start && source.charAt(end) == '_';
      int digit = separator ? end + 1 : end;
      if (digit >= source.length()
          || source.charAt(digit) >= 0x80
          || Character.digit(source.charAt(digit), base) < 0) {
        break;
      }
      end = digit + 1;
    }
    return end;
  }
}
