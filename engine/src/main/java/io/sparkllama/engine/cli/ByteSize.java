package io.sparkllama.engine.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a number of bytes with an optional unit of 1024. */
final class ByteSize implements ITypeConverter<Long> {
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,18})\\s*(|[kmgt]i?b?)", Pattern.CASE_INSENSITIVE);
  private static final String UNITS = "kmgt";

  @Override
  public Long convert(String text) {
    Matcher size = SIZE.matcher(text);
    if (!size.matches()) {
      throw refused(text);
    }
    String unit = size.group(2).toLowerCase(Locale.ROOT);
    int power = unit.isEmpty() ? 0 : UNITS.indexOf(unit.charAt(0)) + 1;
    try {
      return Math.multiplyExact(Long.parseLong(size.group(1)), 1L << (10 * power));
    } catch (ArithmeticException e) {
      throw refused(text);
    }
  }

  private static TypeConversionException refused(String text) {
    return new TypeConversionException(
        "a size is a whole number of bytes, or one with KiB, MiB or GiB: " + text);
  }
}
