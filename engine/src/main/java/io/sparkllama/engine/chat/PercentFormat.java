package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigInteger;
import java.util.List;

/** Fills the fields of {@code "%s" % value} as Python does. */
final class PercentFormat {
  private final Rendering rendering;
  private final StringValue format;
  private final TemplateValue given;
  private final List<TemplateValue> values;
  private int used;
  private int at;
  private boolean isData; // whether data wrote any of the field at hand

  private PercentFormat(Rendering rendering, StringValue format, TemplateValue given) {
    this.rendering = rendering;
    this.format = format;
    this.given = given;
    this.values =
        given instanceof SequenceValue sequence && sequence.isTuple()
            ? sequence.items()
            : List.of(given);
  }

  /** Returns a format string with its fields filled by a tuple, a map, or one value. */
  static StringValue format(Rendering rendering, StringValue format, TemplateValue given) {
    PercentFormat filling = new PercentFormat(rendering, format, given);
    return format.with(filling.fill());
  }

  private MarkedText fill() {
    MarkedText text = format.text();
    String chars = text.chars();
    rendering.budget().steps(chars.length() / 4);
    MarkedTextBuilder out = rendering.newText();
    while (at < chars.length()) {
      int next = chars.indexOf('%', at);
      next = next < 0 ? chars.length() : next;
      out.append(text, at, next);
      at = next + 1;
      if (next < chars.length()) {
        rendering.budget().step();
        field(out);
      }
    }
    boolean takesAll = given instanceof MapValue || (isSequence(given) && used == 0);
    if (used < values.size() && !takesAll) {
      throw new TemplateException("not all arguments converted during string formatting");
    }
    return out.build();
  }

  /** Python lets a list stand for a mapping that no field asks for. */
  private static boolean isSequence(TemplateValue value) {
    return value instanceof SequenceValue sequence && !sequence.isTuple()
        || value instanceof UndefinedValue;
  }

  private void field(MarkedTextBuilder out) {
    int start = at - 1;
    TemplateValue named = named();
    String flags = flags();
    int width = number(0);
    if (width < 0) {
      flags += "-";
      width = -width;
    }
    int precision = -1;
    if (at < format.chars().length() && format.chars().charAt(at) == '.') {
      at++;
      precision = Math.max(0, number(0));
    }
    while (at < format.chars().length() && "hlL".indexOf(format.chars().charAt(at)) >= 0) {
      at++;
    }
    if (at >= format.chars().length()) {
      throw new TemplateException("incomplete format");
    }
    char type = format.chars().charAt(at++);
    isData = format.text().hasData(start, at);
    if (type == '%') {
      out.append("%", isData);
      return;
    }
    TemplateValue value = named == null ? next() : named;
    out.append(converted(value, flags, width, precision, type));
  }

  private TemplateValue named() {
    String chars = format.chars();
    if (at >= chars.length() || chars.charAt(at) != '(') {
      return null;
    }
    int open = 1;
    int start = ++at;
    while (at < chars.length() && open > 0) {
      char c = chars.charAt(at++);
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    if (open > 0) {
      throw new TemplateException("incomplete format key");
    }
    if (!(given instanceof MapValue map)) {
      throw new TemplateException("format requires a mapping");
    }
    String key = chars.substring(start, at - 1);
    TemplateValue value = map.get(key);
    if (value == null) {
      throw TemplateException.quoting(Representation.quoted(key));
    }
    used = values.size();
    return value;
  }

  private String flags() {
    StringBuilder flags = new StringBuilder();
    while (at < format.chars().length() && "#0- +".indexOf(format.chars().charAt(at)) >= 0) {
      flags.append(format.chars().charAt(at++));
    }
    return flags.toString();
  }

  private int number(int missing) {
    String chars = format.chars();
    if (at < chars.length() && chars.charAt(at) == '*') {
      at++;
      TemplateValue value = next();
      if (!NumberValues.isInteger(value)) {
        throw new TemplateException("* wants int");
      }
      return NumberValues.index(value);
    }
    int start = at;
    long number = 0;
    while (at < chars.length() && chars.charAt(at) >= '0' && chars.charAt(at) <= '9') {
      number = Math.min(Integer.MAX_VALUE, 10 * number + chars.charAt(at++) - '0');
    }
    return at == start ? missing : (int) number;
  }

  private TemplateValue next() {
    if (used >= values.size()) {
      throw new TemplateException("not enough arguments for format string");
    }
    return values.get(used++);
  }

  private MarkedText converted(
      TemplateValue value, String flags, int width, int precision, char type) {
    boolean left = flags.indexOf('-') >= 0;
    boolean zeros = flags.indexOf('0') >= 0 && !left;
    char sign = flags.indexOf('+') >= 0 ? '+' : flags.indexOf(' ') >= 0 ? ' ' : 0;
    boolean alternate = flags.indexOf('#') >= 0;
    return switch (type) {
      case 's', 'r', 'a' -> {
        MarkedText whole = text(value, type);
        MarkedText text =
            precision >= 0 && precision < whole.codePoints()
                ? Slices.codePoints(rendering.budget(), whole, 0, precision)
                : whole;
        TextPadding padding = new TextPadding(rendering, text);
        yield left ? padding.left(width, written(" ")) : padding.right(width, written(" "));
      }
      case 'c' -> character(value, left, width);
      case 'd', 'i', 'u', 'o', 'x', 'X' ->
          whole(value, new Layout(left, zeros, sign, alternate, width), precision, type);
      case 'e', 'E', 'f', 'F', 'g', 'G' ->
          new FormatSpec(
                  written(zeros ? "0" : " "),
                  left ? '<' : zeros ? '=' : '>',
                  sign,
                  alternate,
                  width,
                  (char) 0,
                  precision,
                  type)
              .format(rendering, new FloatValue(real(value)));
      default ->
          throw TemplateException.quoting(
              String.format(
                  "unsupported format character '%c' (0x%x) at index %d",
                  type, (int) type, at - 1));
    };
  }

  /** Returns what the field writes besides the value's text. */
  private MarkedText written(String text) {
    return MarkedText.of(text, isData);
  }

  private MarkedText text(TemplateValue value, char type) {
    if (type == 'a') {
      return ascii(rendering, value).text();
    }
    MarkedText text =
        type == 's'
            ? Representation.text(rendering.budget(), value)
            : Representation.quotedText(rendering.budget(), value);
    boolean safe = !format.markup() || (value instanceof StringValue s && s.markup());
    return safe ? text : HtmlText.escaped(rendering, text);
  }

  /** Returns a value as Python's {@code ascii} writes it. */
  static StringValue ascii(Rendering rendering, TemplateValue value) {
    MarkedText text = Representation.quotedText(rendering.budget(), value);
    MarkedTextBuilder out = rendering.newText();
    int index = 0;
    while (index < text.length()) {
      int c = text.chars().codePointAt(index);
      String written =
          c < 0x80
              ? Character.toString(c)
              : c < 0x100
                  ? String.format("\\x%02x", c)
                  : c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
      out.append(written, text.isDataCharacter(index));
      index += Character.charCount(c);
    }
    return StringValue.of(out.build());
  }

  private MarkedText character(TemplateValue value, boolean left, int width) {
    MarkedText text;
    if (value instanceof StringValue string) {
      if (string.text().codePoints() != 1) {
        throw new TemplateException("%c requires int or char");
      }
      text = string.text();
    } else if (NumberValues.isInteger(value)) {
      text =
          FormatSpec.parse(MarkedText.ofTemplate("c"))
              .format(rendering, new IntegerValue(NumberValues.integer(value)));
    } else {
      throw new TemplateException("%c requires int or char");
    }
    TextPadding padding = new TextPadding(rendering, text);
    return left ? padding.left(width, written(" ")) : padding.right(width, written(" "));
  }

  private record Layout(boolean left, boolean zeros, char sign, boolean alternate, int width) {}

  private MarkedText whole(TemplateValue value, Layout layout, int precision, char type) {
    BigInteger number = integer(value, type);
    boolean decimal = "diu".indexOf(type) >= 0;
    StringBuilder digits = new StringBuilder(NumberFormat.whole(number, decimal ? 'd' : type));
    if (precision > NumberFormat.MOST_DIGITS) {
      throw new TemplateException("precision too big");
    }
    while (digits.length() < precision) {
      digits.insert(0, '0');
    }
    String prefix = layout.alternate() && !decimal ? "0" + type : "";
    String sign =
        number.signum() < 0 ? "-" : layout.sign() == 0 ? "" : Character.toString(layout.sign());
    int room = Math.max(0, layout.width() - sign.length() - prefix.length() - digits.length());
    return rendering
        .newText()
        .repeat(written(" "), layout.left() || layout.zeros() ? 0 : room)
        .append(sign + prefix, isData)
        .repeat(written("0"), layout.zeros() ? room : 0)
        .append(digits.toString(), isData)
        .repeat(written(" "), layout.left() ? room : 0)
        .build();
  }

  private static BigInteger integer(TemplateValue value, char type) {
    boolean decimal = "diu".indexOf(type) >= 0;
    if (value instanceof FloatValue number && decimal) {
      return NumberConversion.truncated(number.value());
    }
    if (value instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    if (!NumberValues.isInteger(value)) {
      throw new TemplateException(
          String.format(
              "%%%c format: %s is required, not %s",
              type, decimal ? "a real number" : "an integer", value.typeName()));
    }
    return NumberValues.integer(value);
  }

  private static double real(TemplateValue value) {
    if (value instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    if (!NumberValues.isNumber(value)) {
      throw new TemplateException("must be real number, not " + value.typeName());
    }
    return NumberValues.real(value);
  }
}
