package io.sparkllama.job.prompt;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.TimestampNTZType;
import org.apache.spark.sql.types.TimestampType;

/**
 * Writes a column's value as the text that a prompt holds, the same on every JVM, locale and time
 * zone.
 *
 * <p>Numbers and booleans are written as Jinja writes them (by Python's rules): {@code True}, and
 * the shortest digits that read back as the same number ({@code 0.1}, {@code 12.0}, {@code 1e-05},
 * {@code 1e+16}). Decimals keep their scale. Dates are ISO 8601; an instant is written in UTC.
 */
public final class ColumnText {
  /** The nearest first; above a power of two only the other neighbour may read back. */
  private static final List<RoundingMode> ROUNDINGS =
      List.of(RoundingMode.HALF_EVEN, RoundingMode.UP, RoundingMode.DOWN);

  private ColumnText() {}

  /** Says whether values of a type have a text; lists, maps, structs and bytes have none. */
  public static boolean renders(DataType type) {
    return type instanceof StringType
        || type instanceof NumericType
        || type instanceof BooleanType
        || type instanceof DateType
        || type instanceof TimestampType
        || type instanceof TimestampNTZType;
  }

  /** Returns the text of a value, and null for null. */
  public static String of(Object value) {
    if (value == null) {
      return null;
    }
    if (value instanceof String text) {
      return text;
    }
    if (value instanceof Boolean flag) {
      return flag ? "True" : "False";
    }
    if (value instanceof Byte
        || value instanceof Short
        || value instanceof Integer
        || value instanceof Long) {
      return Long.toString(((Number) value).longValue());
    }
    if (value instanceof Float number) {
      return shortest(number, new BigDecimal(Float.isFinite(number) ? number : 0), Float.class);
    }
    if (value instanceof Double number) {
      return shortest(number, new BigDecimal(Double.isFinite(number) ? number : 0), Double.class);
    }
    if (value instanceof BigDecimal number) {
      return number.toPlainString();
    }
    return time(value);
  }

  private static String time(Object value) {
    if (value instanceof LocalDate date) {
      return date.toString();
    }
    if (value instanceof Date date) {
      return date.toLocalDate().toString();
    }
    if (value instanceof Instant instant) {
      return instant.toString();
    }
    if (value instanceof Timestamp timestamp) {
      return timestamp.toInstant().toString();
    }
    if (value instanceof LocalDateTime dateTime) {
      return DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(dateTime);
    }
    throw new IllegalArgumentException(
        "A column of this type has no text: " + value.getClass().getName());
  }

  /**
   * Finds the fewest digits that read back as the same number. Java's own conversion differs
   * between releases (JDK-4511638), and so would the answers.
   *
   * @param exact the number's exact value, ignored where it is not finite
   */
  private static String shortest(double number, BigDecimal exact, Class<?> type) {
    if (Double.isNaN(number)) {
      return "nan";
    }
    if (Double.isInfinite(number)) {
      return number > 0 ? "inf" : "-inf";
    }
    if (number == 0) {
      return 1 / number < 0 ? "-0.0" : "0.0";
    }
    for (int digits = 1; ; digits++) {
      for (RoundingMode mode : ROUNDINGS) {
        BigDecimal rounded = exact.round(new MathContext(digits, mode));
        boolean same =
            type == Float.class
                ? rounded.floatValue() == (float) number
                : rounded.doubleValue() == number;
        if (same) {
          return pythonForm(rounded.stripTrailingZeros());
        }
      }
    }
  }

  /** Writes digits as Python's repr does: an exponent below 1e-4 and from 1e16. */
  private static String pythonForm(BigDecimal number) {
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
