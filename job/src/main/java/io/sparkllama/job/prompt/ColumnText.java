package io.sparkllama.job.prompt;

import io.sparkllama.engine.chat.ShortestDecimal;
import java.math.BigDecimal;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
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
      return ShortestDecimal.of(number);
    }
    if (value instanceof Double number) {
      return ShortestDecimal.of(number);
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
}
