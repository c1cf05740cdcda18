package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Writes numbers without their sign in the ways that Python's format strings name by a letter. */
final class NumberFormat {
  /** More digits than any number has that a template could mean. */
  static final int MOST_DIGITS = 10_000;

  private NumberFormat() {}

  /** Returns the steps of computing with a number's decimal digits: it has up to a thousand. */
  static long steps(double number) {
    return 4 + Math.abs(Math.getExponent(number)) / 8;
  }

  /**
   * Writes a number's absolute value.
   *
   * @param type one of {@code e f g} and their capitals
   * @param alternate whether a point is written without digits after it, and zeros are kept
   */
  static String real(double number, char type, int precision, boolean alternate) {
    if (precision > MOST_DIGITS) {
      throw new TemplateException("precision too big");
    }
    boolean capital = Character.isUpperCase(type);
    String text = positive(Math.abs(number), Character.toLowerCase(type), precision, alternate);
    return capital ? text.toUpperCase(Locale.ROOT) : text;
  }

  private static String positive(double number, char type, int precision, boolean alternate) {
    if (Double.isNaN(number)) {
      return "nan";
    }
    if (Double.isInfinite(number)) {
      return "inf";
    }
    BigDecimal exact = new BigDecimal(number);
    return switch (type) {
      case 'f' -> fixed(exact, precision, alternate);
      case 'e' -> scientific(exact, precision, alternate);
      case 'g' -> general(exact, Math.max(1, precision), alternate, Math.max(1, precision));
      default -> throw new IllegalArgumentException("No way to write numbers: " + type);
    };
  }

  /** Writes as {@code g} does, but with a digit after the point: what an empty type means. */
  static String plain(double number, int precision) {
    if (precision > MOST_DIGITS) {
      throw new TemplateException("precision too big");
    }
    if (Double.isNaN(number) || Double.isInfinite(number)) {
      return positive(Math.abs(number), 'f', 0, false);
    }
    int digits = Math.max(1, precision);
    String text = general(new BigDecimal(Math.abs(number)), digits, false, digits - 1);
    return text.indexOf('.') < 0 && text.indexOf('e') < 0 ? text + ".0" : text;
  }

  private static String fixed(BigDecimal number, int precision, boolean alternate) {
    String text = number.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
    return alternate && precision == 0 ? text + "." : text;
  }

  private static String scientific(BigDecimal number, int precision, boolean alternate) {
    BigDecimal rounded = number.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
    int exponent = number.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
    StringBuilder digits =
        new StringBuilder(number.signum() == 0 ? "0" : rounded.unscaledValue().toString());
    while (digits.length() < precision + 1) {
      digits.append('0');
    }
    digits.setLength(precision + 1);
    if (precision > 0 || alternate) {
      digits.insert(1, '.');
    }
    return digits + exponentText(exponent);
  }

  private static String exponentText(int exponent) {
    int size = Math.abs(exponent);
    return (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
  }

  /**
   * Writes with an exponent only where it is far from the digits.
   *
   * @param most the exponent from which it is written
   */
  private static String general(BigDecimal number, int digits, boolean alternate, int most) {
    BigDecimal rounded = number.round(new MathContext(digits, RoundingMode.HALF_EVEN));
    int exponent = number.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
    if (exponent < -4 || exponent >= most) {
      String text = scientific(number, digits - 1, alternate);
      int at = text.indexOf('e');
      return alternate ? text : withoutZeros(text.substring(0, at)) + text.substring(at);
    }
    String text = fixed(rounded, Math.max(0, digits - 1 - exponent), alternate);
    return alternate ? text : withoutZeros(text);
  }

  private static String withoutZeros(String text) {
    if (text.indexOf('.') < 0) {
      return text;
    }
    int end = text.length();
    while (text.charAt(end - 1) == '0') {
      end--;
    }
    return text.substring(0, text.charAt(end - 1) == '.' ? end - 1 : end);
  }

  /**
   * Writes a whole number's absolute value.
   *
   * @param type one of {@code d b o x X}
   */
  static String whole(BigInteger number, char type) {
    BigInteger size = number.abs();
    return switch (type) {
      case 'b' -> size.toString(2);
      case 'o' -> size.toString(8);
      case 'x' -> size.toString(16);
      case 'X' -> size.toString(16).toUpperCase(Locale.ROOT);
      default -> size.toString();
    };
  }

  /** Puts a separator between groups of digits before the point. */
  static String grouped(String text, char separator, int groupSize) {
    int end = endOfDigits(text);
    StringBuilder out = new StringBuilder(text.length() + end / groupSize);
    for (int at = 0; at < end; at++) {
      if (at > 0 && (end - at) % groupSize == 0) {
        out.append(separator);
      }
      out.append(text.charAt(at));
    }
    return out.append(text, end, text.length()).toString();
  }

  /** Groups digits, with as many zeros before them as make the whole at least so wide. */
  static String groupedTo(int width, String text, char separator, int groupSize) {
    int end = endOfDigits(text);
    long digits = end;
    while (text.length() - end + digits + Math.max(0, digits - 1) / groupSize < width) {
      digits++;
    }
    String zeros = "0".repeat((int) (digits - end));
    return grouped(zeros + text, separator, groupSize);
  }

  private static int endOfDigits(String text) {
    int end = 0;
    while (end < text.length() && Character.digit(text.charAt(end), 16) >= 0) {
      end++;
    }
    return end;
  }
}
