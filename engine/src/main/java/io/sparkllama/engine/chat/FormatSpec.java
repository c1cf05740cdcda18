package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigInteger;

/**
 * Holds how one field of a format string is written: Python's format specification, {@code
 * [[fill]align][sign][z][#][0][width][grouping][.precision][type]}.
 *
 * @param fill a character; where data wrote any of the specification it is data, and with it all
 *     that the specification makes of a number
 * @param align one of {@code < > = ^}, or 0
 * @param grouping {@code ,} or {@code _}, or 0
 * @param precision -1 where there is none
 * @param type a letter, or 0
 */
record FormatSpec(
    MarkedText fill,
    char align,
    char sign,
    boolean alternate,
    int width,
    char grouping,
    int precision,
    char type) {
  /** Reads a specification. */
  static FormatSpec parse(MarkedText text) {
    int[] points = text.chars().codePoints().toArray();
    Cursor cursor = new Cursor(points);
    String fill = " ";
    char align = 0;
    if (points.length > 1 && isAlign(points[1])) {
      fill = Character.toString(points[0]);
      align = (char) points[1];
      cursor.at = 2;
    } else if (points.length > 0 && isAlign(points[0])) {
      align = cursor.next();
    }
    char sign = cursor.nextOf("+- ");
    cursor.nextOf("z");
    boolean alternate = cursor.nextOf("#") != 0;
    if (cursor.nextOf("0") != 0 && align == 0) {
      fill = "0";
      align = '=';
    }
    int width = cursor.number(0);
    char grouping = cursor.nextOf(",_");
    int precision = -1;
    if (cursor.nextOf(".") != 0) {
      precision = cursor.number(-1);
      if (precision < 0) {
        throw new TemplateException("Format specifier missing precision");
      }
    }
    char type = cursor.at < points.length ? cursor.next() : 0;
    if (cursor.at < points.length) {
      throw new TemplateException("Invalid format specifier");
    }
    MarkedText filling = MarkedText.of(fill, text.hasData());
    return new FormatSpec(filling, align, sign, alternate, width, grouping, precision, type);
  }

  private static boolean isAlign(int c) {
    return c == '<' || c == '>' || c == '=' || c == '^';
  }

  /** Goes through a specification. */
  private static final class Cursor {
    private final int[] points;
    private int at;

    Cursor(int[] points) {
      this.points = points;
    }

    char next() {
      if (!Character.isBmpCodePoint(points[at])) {
        throw new TemplateException("Invalid format specifier");
      }
      return (char) points[at++];
    }

    char nextOf(String characters) {
      return at < points.length && characters.indexOf(points[at]) >= 0 ? next() : 0;
    }

    int number(int missing) {
      int start = at;
      long number = 0;
      while (at < points.length && points[at] >= '0' && points[at] <= '9') {
        number = Math.min(Integer.MAX_VALUE, 10 * number + points[at++] - '0');
      }
      return at == start ? missing : (int) number;
    }
  }

  /** Writes a value. */
  MarkedText format(Rendering rendering, TemplateValue value) {
    if (NumberValues.isInteger(value) && !(value instanceof BooleanValue && isEmpty())) {
      BigInteger number = NumberValues.integer(value);
      return type == 'c' ? character(rendering, number) : whole(rendering, number);
    }
    if (value instanceof FloatValue number) {
      return real(rendering, number.value());
    }
    if (value instanceof StringValue || value instanceof BooleanValue) {
      if (type != 0 && type != 's' || sign != 0 || align == '=' || grouping != 0 || alternate) {
        throw unknown(value);
      }
      return text(rendering, Representation.text(rendering.budget(), value));
    }
    if (!isEmpty()) {
      throw new TemplateException(
          "unsupported format string passed to " + value.typeName() + ".__format__");
    }
    return Representation.text(rendering.budget(), value);
  }

  private boolean isEmpty() {
    return align == 0
        && sign == 0
        && !alternate
        && width == 0
        && grouping == 0
        && precision < 0
        && type == 0;
  }

  private TemplateException unknown(TemplateValue value) {
    return TemplateException.quoting(
        "Unknown format code "
            + (type == 0 ? "or sign" : "'" + type + "'")
            + " for object of type '"
            + value.typeName()
            + "'");
  }

  private MarkedText text(Rendering rendering, MarkedText whole) {
    MarkedText text =
        precision >= 0 && precision < whole.codePoints()
            ? Slices.codePoints(rendering.budget(), whole, 0, precision)
            : whole;
    return padded(rendering, MarkedText.EMPTY, text, '<');
  }

  /** Numbers do not say who wrote them: a character made of one is data, for it may be so. */
  private MarkedText character(Rendering rendering, BigInteger number) {
    if (number.signum() < 0 || number.bitLength() > 21 || number.intValue() > 0x10ffff) {
      throw new TemplateException("%c arg not in range(0x110000)");
    }
    String character = Character.toString(number.intValue());
    return padded(rendering, MarkedText.EMPTY, MarkedText.ofData(character), '<');
  }

  private MarkedText whole(Rendering rendering, BigInteger number) {
    if (type != 0 && "efgEFG%".indexOf(type) >= 0) {
      return real(rendering, NumberValues.real(NumberValues.of(number)));
    }
    if (type != 0 && "dboxXn".indexOf(type) < 0) {
      throw unknown(new IntegerValue(number));
    }
    if (precision >= 0) {
      throw new TemplateException("Precision not allowed in integer format specifier");
    }
    boolean decimal = type == 0 || type == 'd' || type == 'n';
    if (grouping == ',' && !decimal) {
      throw new TemplateException("Cannot specify ',' with '" + type + "'.");
    }
    String prefix = alternate && !decimal ? "0" + type : "";
    return number(
        rendering,
        number.signum() < 0,
        prefix,
        NumberFormat.whole(number, decimal ? 'd' : type),
        decimal ? 3 : 4);
  }

  private MarkedText real(Rendering rendering, double number) {
    int digits = precision < 0 ? 6 : precision;
    rendering
        .budget()
        .steps(Math.min(digits, NumberFormat.MOST_DIGITS) + NumberFormat.steps(number));
    String text =
        switch (type) {
          case 0 ->
              precision < 0
                  ? Representation.of(rendering.budget(), Math.abs(number))
                  : NumberFormat.plain(number, precision);
          case 'e', 'f', 'g', 'E', 'F', 'G' -> NumberFormat.real(number, type, digits, alternate);
          case 'n' -> NumberFormat.real(number, 'g', digits, alternate);
          case '%' -> NumberFormat.real(100 * number, 'f', digits, alternate) + "%";
          default -> throw unknown(new FloatValue(number));
        };
    boolean negative = number < 0 || (number == 0 && 1 / number < 0);
    return number(rendering, negative, "", text, 3);
  }

  private MarkedText number(
      Rendering rendering, boolean negative, String prefix, String digits, int groupSize) {
    String before = (negative ? "-" : sign == '+' || sign == ' ' ? "" + sign : "") + prefix;
    String text = grouping == 0 ? digits : NumberFormat.grouped(digits, grouping, groupSize);
    if (grouping != 0 && align == '=' && fill.chars().equals("0")) {
      // Zeros that fill up are grouped too.
      rendering.budget().characters(width);
      text = NumberFormat.groupedTo(width - before.length(), digits, grouping, groupSize);
    }
    boolean isData = fill.hasData();
    return padded(rendering, MarkedText.of(before, isData), MarkedText.of(text, isData), '>');
  }

  private MarkedText padded(
      Rendering rendering, MarkedText before, MarkedText text, char usualAlign) {
    long room = Math.max(0, (long) width - before.codePoints() - text.codePoints());
    char placed = align == 0 ? usualAlign : align;
    long left = placed == '>' ? room : placed == '^' ? room / 2 : 0;
    long inner = placed == '=' ? room : 0;
    return rendering
        .newText()
        .repeat(fill, left)
        .append(before)
        .repeat(fill, inner)
        .append(text)
        .repeat(fill, room - left - inner)
        .build();
  }
}
