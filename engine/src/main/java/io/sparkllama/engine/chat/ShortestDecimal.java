package io.sparkllama.engine.chat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.function.Predicate;

/**
 * Writes floating-point numbers with the fewest digits that read back as the same number, in
 * Python's notation: {@code 12.0}, {@code 0.1}, {@code 1e-05}, {@code 1e+16}, {@code nan}, {@code
 * inf}.
 *
 * <p>Java's own digits differ between releases (JDK-4511638), and so would prompts and keys.
 */
public final class ShortestDecimal {
  /** The nearest first; above a power of two only the other neighbour may read back. */
  private static final List<RoundingMode> ROUNDINGS =
      List.of(RoundingMode.HALF_EVEN, RoundingMode.UP, RoundingMode.DOWN);

  private ShortestDecimal() {}

  /** Returns the text of a number of 64 bits. */
  public static String of(double number) {
    return Double.isFinite(number) && number != 0
        ? text(number, Double.toString(number), text -> text.doubleValue() == number)
        : special(number);
  }

  /** Returns the text of a number of 32 bits, which needs fewer digits than its 64-bit equal. */
  public static String of(float number) {
    return Float.isFinite(number) && number != 0
        ? text(number, Float.toString(number), text -> text.floatValue() == number)
        : special(number);
  }

  private static String special(double number) {
    if (Double.isNaN(number)) {
      return "nan";
    }
    if (Double.isInfinite(number)) {
      return number > 0 ? "inf" : "-inf";
    }
    return 1 / number < 0 ? "-0.0" : "0.0";
  }

  /**
   * Tries fewer and fewer digits: where some number of them does, every larger one does too.
   *
   * @param javas Java's digits, which read back but need not be the fewest
   */
  private static String text(double number, String javas, Predicate<BigDecimal> readsBack) {
    BigDecimal exact = new BigDecimal(number);
    int digits = new BigDecimal(javas).stripTrailingZeros().precision();
    BigDecimal shortest = rounded(exact, digits, readsBack);
    while (digits > 1) {
      BigDecimal shorter = rounded(exact, --digits, readsBack);
      if (shorter == null) {
        break;
      }
      shortest = shorter;
    }
    return notation(shortest.stripTrailingZeros());
  }

  /** Returns a decimal of so many digits that reads back, or null. */
  private static BigDecimal rounded(BigDecimal exact, int digits, Predicate<BigDecimal> readsBack) {
    for (RoundingMode mode : ROUNDINGS) {
      BigDecimal rounded = exact.round(new MathContext(digits, mode));
      if (readsBack.test(rounded)) {
        return rounded;
      }
    }
    return null;
  }

  /** Writes digits with an exponent below 1e-4 and from 1e16. */
  private static String notation(BigDecimal number) {
    int exponent = number.precision() - number.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = number.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String digits = number.unscaledValue().abs().toString();
    String sign = number.signum() < 0 ? "-" : "";
    String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
    String size = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : "" + Math.abs(exponent);
    return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + size;
  }
}
