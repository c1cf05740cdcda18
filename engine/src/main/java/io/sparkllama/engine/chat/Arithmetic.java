package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/** Computes what stands between two values, as Python does: numbers, and joined sequences. */
final class Arithmetic {
  private static final int MOST_FACTOR_BITS = 15_000;
  private static final int MOST_EXACT_EXPONENT = 1024;
  private static final int STEPS_OF_A_POWER = 32;
  private static final int STEPS_OF_A_QUOTIENT = 8;
  private static final int PRODUCTS_OF_WORDS_PER_STEP = 16;

  /** Enough digits to round a quotient or a power to floating point once only. */
  private static final MathContext QUOTIENT = new MathContext(60);

  private Arithmetic() {}

  static TemplateValue binary(
      Rendering rendering, String operator, TemplateValue left, TemplateValue right) {
    if (NumberValues.isNumber(left) && NumberValues.isNumber(right)) {
      if (NumberValues.isInteger(left) && NumberValues.isInteger(right)) {
        BigInteger a = NumberValues.integer(left);
        BigInteger b = NumberValues.integer(right);
        rendering.budget().steps(cost(operator, a, b));
        return integers(rendering.budget(), operator, a, b);
      }
      double base = NumberValues.real(left);
      if (operator.equals("**")) {
        rendering.budget().steps(STEPS_OF_A_POWER + NumberFormat.steps(base));
      }
      return reals(operator, base, NumberValues.real(right));
    }
    // What Python looks at first decides what is said: the left side of % is asked before the
    // right one is.
    if (operator.equals("%") && left instanceof StringValue format) {
      return PercentFormat.format(rendering, format, right);
    }
    if (left instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    if (right instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    TemplateValue joined =
        switch (operator) {
          case "+" -> sum(rendering, left, right);
          case "*" ->
              NumberValues.isInteger(right)
                  ? repeated(rendering, left, right)
                  : NumberValues.isInteger(left) ? repeated(rendering, right, left) : null;
          default -> null;
        };
    if (joined == null) {
      throw unsupported(operator, left, right);
    }
    return joined;
  }

  static TemplateValue negative(Budget budget, TemplateValue value) {
    if (value instanceof FloatValue number) {
      return new FloatValue(-number.value());
    }
    return NumberValues.of(budget, operand("-", value).negate());
  }

  static TemplateValue positive(TemplateValue value) {
    return value instanceof FloatValue ? value : NumberValues.of(operand("+", value));
  }

  private static BigInteger operand(String operator, TemplateValue value) {
    if (value instanceof UndefinedValue || NumberValues.isInteger(value)) {
      return NumberValues.integer(value);
    }
    throw new TemplateException(
        "bad operand type for unary " + operator + ": '" + value.typeName() + "'");
  }

  private static TemplateException unsupported(
      String operator, TemplateValue left, TemplateValue right) {
    if (operator.equals("+") && left instanceof StringValue) {
      return new TemplateException(
          "can only concatenate str (not \"" + right.typeName() + "\") to str");
    }
    if (operator.equals("+") && left instanceof SequenceValue sequence) {
      return new TemplateException(
          String.format(
              "can only concatenate %s (not \"%s\") to %s",
              sequence.typeName(), right.typeName(), sequence.typeName()));
    }
    return new TemplateException(
        String.format(
            "unsupported operand type(s) for %s: '%s' and '%s'",
            operator.equals("**") ? "** or pow()" : operator, left.typeName(), right.typeName()));
  }

  private static TemplateValue integers(
      Budget budget, String operator, BigInteger left, BigInteger right) {
    return switch (operator) {
      case "+" -> NumberValues.of(budget, left.add(right));
      case "-" -> NumberValues.of(budget, left.subtract(right));
      case "*" -> {
        if (left.bitLength() + right.bitLength() > MOST_FACTOR_BITS) {
          throw tooLarge();
        }
        yield NumberValues.of(budget, left.multiply(right));
      }
      case "/" -> quotient(left, right);
      case "//" -> NumberValues.of(budget, floorDivided(left, right)[0]);
      case "%" -> NumberValues.of(budget, floorDivided(left, right)[1]);
      case "**" -> power(budget, left, right);
      default -> throw new IllegalArgumentException("No arithmetic: " + operator);
    };
  }

  /** Returns the steps of work on whole numbers: it grows with the square of their size. */
  private static long cost(String operator, BigInteger left, BigInteger right) {
    long words = 1 + left.bitLength() / Integer.SIZE;
    long otherWords = 1 + right.bitLength() / Integer.SIZE;
    if (operator.equals("**")) {
      long most = MOST_FACTOR_BITS / Integer.SIZE;
      long times = right.bitLength() < Integer.SIZE ? Math.abs(right.longValue()) : most;
      words = Math.min(most, left.bitLength() * times / Integer.SIZE);
      otherWords = words;
    }
    long decimals =
        switch (operator) {
          case "/" -> STEPS_OF_A_QUOTIENT;
          case "**" -> right.signum() < 0 ? STEPS_OF_A_POWER : 0;
          default -> 0;
        };
    return decimals + words * otherWords / PRODUCTS_OF_WORDS_PER_STEP;
  }

  private static TemplateException tooLarge() {
    return new TemplateException("a whole number has more than 4300 digits");
  }

  private static TemplateValue quotient(BigInteger left, BigInteger right) {
    if (right.signum() == 0) {
      throw new TemplateException("division by zero");
    }
    if (left.signum() == 0) {
      return new FloatValue(right.signum() < 0 ? -0.0 : 0.0);
    }
    double number = new BigDecimal(left).divide(new BigDecimal(right), QUOTIENT).doubleValue();
    if (Double.isInfinite(number)) {
      throw new TemplateException("integer division result too large for a float");
    }
    return new FloatValue(number);
  }

  private static BigInteger[] floorDivided(BigInteger left, BigInteger right) {
    if (right.signum() == 0) {
      throw new TemplateException("integer division or modulo by zero");
    }
    BigInteger[] parts = left.divideAndRemainder(right);
    if (parts[1].signum() != 0 && parts[1].signum() != right.signum()) {
      parts[0] = parts[0].subtract(BigInteger.ONE);
      parts[1] = parts[1].add(right);
    }
    return parts;
  }

  private static TemplateValue power(Budget budget, BigInteger base, BigInteger exponent) {
    if (exponent.signum() < 0) {
      return reals("**", base.doubleValue(), exponent.doubleValue());
    }
    boolean small = base.abs().compareTo(BigInteger.ONE) <= 0;
    if (!small
        && (exponent.bitLength() > 31
            || (long) (base.abs().bitLength() - 1) * exponent.intValue() > MOST_FACTOR_BITS)) {
      throw tooLarge();
    }
    if (small) {
      boolean odd = exponent.testBit(0);
      BigInteger value =
          base.signum() == 0
              ? (exponent.signum() == 0 ? BigInteger.ONE : BigInteger.ZERO)
              : odd ? base : BigInteger.ONE;
      return new IntegerValue(value);
    }
    return NumberValues.of(budget, base.pow(exponent.intValue()));
  }

  private static TemplateValue reals(String operator, double left, double right) {
    double value =
        switch (operator) {
          case "+" -> left + right;
          case "-" -> left - right;
          case "*" -> left * right;
          case "/" -> {
            requireDivisor(right, "float division by zero");
            yield left / right;
          }
          case "//" -> {
            requireDivisor(right, "float floor division by zero");
            yield floorQuotient(left, right);
          }
          case "%" -> {
            requireDivisor(right, "float modulo");
            yield modulo(left, right);
          }
          case "**" -> power(left, right);
          default -> throw new IllegalArgumentException("No arithmetic: " + operator);
        };
    return new FloatValue(value);
  }

  private static void requireDivisor(double divisor, String problem) {
    if (divisor == 0) {
      throw new TemplateException(problem);
    }
  }

  private static double modulo(double left, double right) {
    double rest = left % right;
    if (rest == 0) {
      return Math.copySign(0.0, right);
    }
    return rest < 0 != right < 0 ? rest + right : rest;
  }

  private static double floorQuotient(double left, double right) {
    double quotient = (left - modulo(left, right)) / right;
    if (quotient == 0) {
      return Math.copySign(0.0, left / right);
    }
    double floor = Math.floor(quotient);
    return quotient - floor > 0.5 ? floor + 1 : floor;
  }

  private static double power(double base, double exponent) {
    if (base == 0 && exponent < 0) {
      throw new TemplateException("0.0 cannot be raised to a negative power");
    }
    if (base < 0 && !Double.isInfinite(base) && exponent != Math.rint(exponent)) {
      throw new TemplateException("a negative number has no real power with a fraction");
    }
    // In Python 1 ** nan is 1, too.
    double value = base == 1 ? 1 : realPower(base, exponent);
    if (Double.isInfinite(value) && !Double.isInfinite(base) && !Double.isInfinite(exponent)) {
      throw new TemplateException("(34, 'Numerical result out of range')");
    }
    return value;
  }

  /** Rounds once where the exponent is whole, as good C libraries nearly always do. */
  private static double realPower(double base, double exponent) {
    if (Double.isFinite(base)
        && base != 0
        && exponent == Math.rint(exponent)
        && Math.abs(exponent) <= MOST_EXACT_EXPONENT) {
      BigDecimal power = new BigDecimal(base).pow((int) Math.abs(exponent), QUOTIENT);
      return (exponent < 0 ? BigDecimal.ONE.divide(power, QUOTIENT) : power).doubleValue();
    }
    return StrictMath.pow(base, exponent);
  }

  private static TemplateValue sum(Rendering rendering, TemplateValue left, TemplateValue right) {
    if (left instanceof StringValue a && right instanceof StringValue b) {
      boolean markup = a.markup() || b.markup();
      MarkedTextBuilder out = rendering.newText();
      out.append(markup ? HtmlText.escaped(rendering, a) : a.text());
      out.append(markup ? HtmlText.escaped(rendering, b) : b.text());
      return new StringValue(out.build(), markup);
    }
    if (left instanceof SequenceValue a && right instanceof SequenceValue b) {
      boolean lists = a.kind() == SequenceValue.Kind.LIST && b.kind() == a.kind();
      if (lists || (a.isTuple() && b.isTuple())) {
        rendering.budget().elements((long) a.size() + b.size());
        List<TemplateValue> items = new ArrayList<>(a.items());
        items.addAll(b.items());
        return lists ? SequenceValue.list(items) : SequenceValue.tuple(items);
      }
    }
    return null;
  }

  private static TemplateValue repeated(
      Rendering rendering, TemplateValue value, TemplateValue times) {
    int count = Math.max(0, NumberValues.index(times));
    if (value instanceof StringValue string) {
      return string.with(rendering.newText().repeat(string.text(), count).build());
    }
    if (value instanceof SequenceValue sequence
        && (sequence.isTuple() || sequence.kind() == SequenceValue.Kind.LIST)) {
      rendering.budget().elements((long) count * sequence.size());
      List<TemplateValue> items = new ArrayList<>(count * sequence.size());
      for (int i = 0; i < count && sequence.size() > 0; i++) {
        items.addAll(sequence.items());
      }
      return sequence.isTuple() ? SequenceValue.tuple(items) : SequenceValue.list(items);
    }
    return null;
  }
}
