package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Holds the filters that make numbers. */
final class NumberFilters {
  private static final int MOST_DECIMALS = 400;

  private NumberFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("abs", NumberFilters::absolute);
    filters.put("int", NumberFilters::integer);
    filters.put("float", NumberFilters::real);
    filters.put("round", NumberFilters::round);
  }

  private static TemplateValue absolute(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("abs", 0);
    if (value instanceof FloatValue number) {
      return new FloatValue(Math.abs(number.value()));
    }
    if (!NumberValues.isInteger(value)) {
      requireDefined(value);
      throw new TemplateException("bad operand type for abs(): '" + value.typeName() + "'");
    }
    return NumberValues.of(rendering.budget(), NumberValues.integer(value).abs());
  }

  private static TemplateValue integer(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("int", 0, "default", "base");
    TemplateValue missing = bound[0] == null ? IntegerValue.ZERO : bound[0];
    int base = bound[1] == null ? 10 : NumberValues.index(bound[1]);
    requireDefined(value);
    if (value instanceof StringValue text) {
      Optional<BigInteger> whole = NumberConversion.integer(rendering.budget(), text.chars(), base);
      if (whole.isPresent()) {
        return NumberValues.of(rendering.budget(), whole.get());
      }
      OptionalDouble number = NumberConversion.real(rendering.budget(), text.chars());
      boolean finite = number.isPresent() && Double.isFinite(number.getAsDouble());
      return finite ? NumberValues.of(NumberConversion.truncated(number.getAsDouble())) : missing;
    }
    if (value instanceof FloatValue number) {
      return Double.isNaN(number.value())
          ? missing
          : NumberValues.of(NumberConversion.truncated(number.value()));
    }
    return NumberValues.isInteger(value) ? new IntegerValue(NumberValues.integer(value)) : missing;
  }

  private static TemplateValue real(Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue given = arguments.bind("float", 0, "default")[0];
    TemplateValue missing = given == null ? new FloatValue(0) : given;
    requireDefined(value);
    if (value instanceof StringValue text) {
      OptionalDouble number = NumberConversion.real(rendering.budget(), text.chars());
      return number.isPresent() ? new FloatValue(number.getAsDouble()) : missing;
    }
    return NumberValues.isNumber(value) ? new FloatValue(NumberValues.real(value)) : missing;
  }

  private static TemplateValue round(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("round", 0, "precision", "method");
    int precision = bound[0] == null ? 0 : NumberValues.index(bound[0]);
    String method = bound[1] == null ? "common" : TextFilters.string("round", bound[1]).chars();
    RoundingMode mode =
        switch (method) {
          case "common" -> RoundingMode.HALF_EVEN;
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> throw new TemplateException("method must be common, ceil or floor");
        };
    if (!NumberValues.isNumber(value)) {
      throw new TemplateException("type " + value.typeName() + " doesn't define __round__ method");
    }
    rendering.budget().steps(Math.min(Math.abs((long) precision), MOST_DECIMALS));
    if (value instanceof FloatValue number) {
      rendering.budget().steps(NumberFormat.steps(number.value()));
    }
    if (mode != RoundingMode.HALF_EVEN) {
      return scaled(value, precision, mode);
    }
    if (NumberValues.isInteger(value)) {
      return NumberValues.of(rendering.budget(), rounded(NumberValues.integer(value), precision));
    }
    double number = NumberValues.real(value);
    if (!Double.isFinite(number) || precision > MOST_DECIMALS) {
      return value;
    }
    if (precision < -MOST_DECIMALS) {
      return new FloatValue(Math.copySign(0, number));
    }
    double rounded =
        new BigDecimal(number).setScale(precision, RoundingMode.HALF_EVEN).doubleValue();
    return new FloatValue(Math.copySign(rounded, number));
  }

  private static BigInteger rounded(BigInteger number, int precision) {
    if (precision >= 0) {
      return number;
    }
    if (-(long) precision > number.bitLength() + 1) {
      return BigInteger.ZERO; // fewer digits than are rounded away
    }
    return new BigDecimal(number).setScale(precision, RoundingMode.HALF_EVEN).toBigInteger();
  }

  /** Multiplies, rounds up or down, and divides again, with what that does to a float. */
  private static TemplateValue scaled(TemplateValue value, int precision, RoundingMode mode) {
    if (Math.abs((long) precision) > MOST_DECIMALS) {
      throw new TemplateException("precision too big");
    }
    double scale = Double.parseDouble("1e" + precision);
    if (NumberValues.isInteger(value) && precision >= 0) {
      return new FloatValue(NumberValues.real(value));
    }
    double product = NumberValues.real(value) * scale;
    double whole = mode == RoundingMode.CEILING ? Math.ceil(product) : Math.floor(product);
    NumberConversion.truncated(whole); // refuses what is no number
    return new FloatValue(whole / scale + 0.0); // Python goes through an integer, which has no -0
  }

  private static void requireDefined(TemplateValue value) {
    if (value instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
  }
}
