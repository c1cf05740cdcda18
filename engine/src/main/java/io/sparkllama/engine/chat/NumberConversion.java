package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/** Reads numbers from texts as Python's {@code int} and {@code float} do. */
final class NumberConversion {
  private static final int MOST_DIGITS = 4300;

  // Possessive throughout: no text makes them go back and forth.
  private static final Pattern REAL =
      Pattern.compile(
          "[+-]?(?:(?:\\d++(?:_\\d++)*+(?:\\.(?:\\d++(?:_\\d++)*+)?)?|\\.\\d++(?:_\\d++)*+)"
              + "(?:[eE][+-]?\\d++(?:_\\d++)*+)?)");
  private static final Pattern NOT_FINITE =
      Pattern.compile("[+-]?(?:inf|infinity|nan)", Pattern.CASE_INSENSITIVE);

  private NumberConversion() {}

  /** Cuts a number's fraction off. */
  static BigInteger truncated(double number) {
    if (Double.isNaN(number)) {
      throw new TemplateException("cannot convert float NaN to integer");
    }
    if (Double.isInfinite(number)) {
      throw new TemplateException("cannot convert float infinity to integer");
    }
    return NumberValues.toInteger(number);
  }

  /** Reads a whole number; nothing where the text is none. */
  static Optional<BigInteger> integer(Budget budget, String text, int base) {
    if (text.length() > 2 * MOST_DIGITS) {
      return Optional.empty();
    }
    budget.steps(text.length() / 2);
    String digits = asciiDigits(text);
    boolean negative = digits.startsWith("-");
    if (negative || digits.startsWith("+")) {
      digits = digits.substring(1);
    }
    int radix = base;
    String prefix = digits.length() > 1 ? digits.substring(0, 2).toLowerCase(Locale.ROOT) : "";
    int named = prefix.equals("0x") ? 16 : prefix.equals("0o") ? 8 : prefix.equals("0b") ? 2 : 0;
    boolean prefixed = named != 0 && (base == 0 || base == named);
    if (prefixed) {
      radix = named;
      digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
    } else if (base == 0) {
      radix = 10;
      if (digits.length() > 1 && digits.startsWith("0") && !digits.matches("[0_]++")) {
        return Optional.empty();
      }
    }
    if (radix < 2 || radix > 36) {
      return Optional.empty(); // to the filter, a base that there is not is no number either
    }
    if (digits.isEmpty()
        || digits.startsWith("_")
        || digits.endsWith("_")
        || digits.contains("__")) {
      return Optional.empty();
    }
    digits = digits.replace("_", "");
    for (int i = 0; i < digits.length(); i++) {
      if (digits.charAt(i) >= 0x80 || Character.digit(digits.charAt(i), radix) < 0) {
        return Optional.empty();
      }
    }
    if (digits.length() > MOST_DIGITS) {
      return Optional.empty();
    }
    BigInteger number = new BigInteger(digits, radix);
    return Optional.of(negative ? number.negate() : number);
  }

  /** Reads a number; nothing where the text is none. */
  static OptionalDouble real(Budget budget, String text) {
    if (text.length() > 2 * MOST_DIGITS) {
      return OptionalDouble.empty();
    }
    budget.steps(text.length() / 2);
    String digits = asciiDigits(text);
    if (NOT_FINITE.matcher(digits).matches()) {
      boolean negative = digits.startsWith("-");
      boolean nan = digits.toLowerCase(Locale.ROOT).endsWith("nan");
      return OptionalDouble.of(
          nan ? Double.NaN : negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
    }
    return digits.length() <= MOST_DIGITS && REAL.matcher(digits).matches()
        ? OptionalDouble.of(Double.parseDouble(digits.replace("_", "")))
        : OptionalDouble.empty();
  }

  /** Strips white space, and writes every script's decimal digits as ASCII's. */
  private static String asciiDigits(String text) {
    int[] points = text.codePoints().toArray();
    int start = 0;
    int end = points.length;
    while (start < end && PythonCharacter.isWhitespace(points[start])) {
      start++;
    }
    while (end > start && PythonCharacter.isWhitespace(points[end - 1])) {
      end--;
    }
    StringBuilder out = new StringBuilder();
    for (int i = start; i < end; i++) {
      int value = PythonCharacter.decimalValue(points[i]);
      if (value >= 0) {
        out.append((char) ('0' + value));
      } else {
        out.appendCodePoint(points[i]);
      }
    }
    return out.toString();
  }
}
