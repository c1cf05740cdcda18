package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigDecimal;
import java.math.BigInteger;

/** Reads values as numbers, as Python does: booleans are 0 and 1. */
final class NumberValues {
  /** What Python prints of a whole number at most is 4,300 digits. */
  private static final int MOST_BITS = 14_284;

  private NumberValues() {}

  static boolean isNumber(TemplateValue value) {
    return isInteger(value) || value instanceof FloatValue;
  }

  /** Tells whether a value is a whole number or a boolean. */
  static boolean isInteger(TemplateValue value) {
    return value instanceof IntegerValue || value instanceof BooleanValue;
  }

  /** Returns a whole number or a boolean as a number. */
  static BigInteger integer(TemplateValue value) {
    if (value instanceof IntegerValue number) {
      return number.value();
    }
    if (value instanceof BooleanValue flag) {
      return flag.truth() ? BigInteger.ONE : BigInteger.ZERO;
    }
    if (value instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    throw new TemplateException(
        "'" + value.typeName() + "' object cannot be interpreted as an integer");
  }

  /** Returns a whole number that fits an index; larger ones become the largest. */
  static int index(TemplateValue value) {
    BigInteger number = integer(value);
    return number.bitLength() < 32
        ? number.intValue()
        : number.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
  }

  /** Returns a number as floating point. */
  static double real(TemplateValue value) {
    if (value instanceof FloatValue number) {
      return number.value();
    }
    double number = integer(value).doubleValue();
    if (Double.isInfinite(number)) {
      throw new TemplateException("int too large to convert to float");
    }
    return number;
  }

  /** Makes a whole number, unless it is too large for anything that a template prints. */
  static IntegerValue of(BigInteger value) {
    if (value.bitLength() > MOST_BITS) {
      throw new TemplateException("a whole number has more than 4300 digits");
    }
    return new IntegerValue(value);
  }

  /** Makes a whole number that was computed: one of many digits takes memory as text does. */
  static IntegerValue of(Budget budget, BigInteger value) {
    budget.characters(value.bitLength() / Long.SIZE * Long.BYTES);
    return of(value);
  }

  static boolean isWhole(double number) {
    return !Double.isInfinite(number) && number == Math.rint(number);
  }

  /** Cuts the fraction off. */
  static BigInteger toInteger(double number) {
    return Math.abs(number) < Long.MAX_VALUE
        ? BigInteger.valueOf((long) number)
        : new BigDecimal(number).toBigInteger();
  }
}
