package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Fills the fields of {@code "{}".format(…)} as Python does, in the sandbox's manner. */
final class BraceFormat {
  /** Fields stand in the specification of a field, but no deeper. */
  private static final int MOST_LEVELS = 2;

  private final Rendering rendering;
  private final StringValue format;
  private final Arguments arguments;
  private int automatic; // the number of the next field without one; -1 after numbered ones
  private boolean numbered;

  private BraceFormat(Rendering rendering, StringValue format, Arguments arguments) {
    this.rendering = rendering;
    this.format = format;
    this.arguments = arguments;
  }

  /** Does the work of the method {@code format}. */
  static TemplateValue format(Rendering rendering, StringValue self, Arguments arguments) {
    BraceFormat filling = new BraceFormat(rendering, self, arguments);
    return self.with(filling.fill(self.text(), MOST_LEVELS));
  }

  /** Does the work of the method {@code format_map}. */
  static TemplateValue formatMap(Rendering rendering, StringValue self, Arguments arguments) {
    TemplateValue given = arguments.bind("format_map", 1, "mapping")[0];
    if (!(given instanceof MapValue map)) {
      throw new TemplateException("format_map() takes a map, not " + given.typeName());
    }
    rendering.budget().elements(3L * map.size());
    Map<String, TemplateValue> named = new LinkedHashMap<>();
    for (MapValue.Entry entry : map.entries()) {
      if (entry.key() instanceof StringValue key) {
        named.put(key.chars(), entry.value());
      }
    }
    return format(rendering, self, new Arguments(List.of(), named));
  }

  private MarkedText fill(MarkedText text, int levels) {
    if (levels == 0) {
      throw new TemplateException("Max string recursion exceeded");
    }
    String chars = text.chars();
    MarkedTextBuilder out = rendering.newText();
    int at = 0;
    while (at < chars.length()) {
      char c = chars.charAt(at);
      if (c != '{' && c != '}') {
        int next = at;
        while (next < chars.length() && chars.charAt(next) != '{' && chars.charAt(next) != '}') {
          next++;
        }
        out.append(text, at, next);
        at = next;
      } else if (at + 1 < chars.length() && chars.charAt(at + 1) == c) {
        out.append(text, at, at + 1);
        at += 2;
      } else if (c == '}') {
        throw new TemplateException("Single '}' encountered in format string");
      } else {
        int end = endOfField(chars, at + 1);
        out.append(field(text.substring(at + 1, end), levels));
        at = end + 1;
      }
    }
    return out.build();
  }

  private static int endOfField(String chars, int start) {
    int open = 1;
    for (int i = start; i < chars.length(); i++) {
      char c = chars.charAt(i);
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open == 0) {
        return i;
      }
    }
    throw new TemplateException(
        start == chars.length()
            ? "Single '{' encountered in format string"
            : "expected '}' before end of string");
  }

  private MarkedText field(MarkedText field, int levels) {
    String chars = field.chars();
    rendering.budget().steps(1 + chars.length() / 2);
    int nameEnd = endOfName(chars);
    TemplateValue value = value(field.substring(0, nameEnd));
    int at = nameEnd;
    if (at < chars.length() && chars.charAt(at) == '!') {
      if (at + 1 >= chars.length()) {
        throw new TemplateException("end of string while looking for conversion specifier");
      }
      value = converted(value, chars.charAt(at + 1));
      at += 2;
      if (at < chars.length() && chars.charAt(at) != ':') {
        throw new TemplateException("expected ':' after conversion specifier");
      }
    }
    MarkedText spec =
        at < chars.length() ? fill(field.substring(at + 1), levels - 1) : MarkedText.EMPTY;
    MarkedText text = FormatSpec.parse(spec).format(rendering, value);
    boolean safe = !format.markup() || (value instanceof StringValue s && s.markup());
    return safe ? text : HtmlText.escaped(rendering, text);
  }

  private static int endOfName(String chars) {
    boolean bracket = false;
    for (int i = 0; i < chars.length(); i++) {
      char c = chars.charAt(i);
      if (bracket) {
        bracket = c != ']';
      } else if (c == '[') {
        bracket = true;
      } else if (c == '!' || c == ':') {
        return i;
      }
    }
    return chars.length();
  }

  private TemplateValue converted(TemplateValue value, char conversion) {
    return switch (conversion) {
      case 's' -> StringValue.of(Representation.text(rendering.budget(), value));
      case 'r' -> StringValue.of(Representation.quotedText(rendering.budget(), value));
      case 'a' -> PercentFormat.ascii(rendering, value);
      default -> throw TemplateException.quoting("Unknown conversion specifier " + conversion);
    };
  }

  private TemplateValue value(MarkedText field) {
    String name = field.chars();
    int end = 0;
    while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
      end++;
    }
    TemplateValue value = first(name.substring(0, end));
    int at = end;
    while (at < name.length()) {
      boolean attribute = name.charAt(at) == '.';
      int next;
      if (attribute) {
        next = at + 1;
        while (next < name.length() && name.charAt(next) != '.' && name.charAt(next) != '[') {
          next++;
        }
        requireName(name.substring(at + 1, next));
        value = attribute(value, field.substring(at + 1, next));
      } else {
        next = name.indexOf(']', at);
        if (next < 0) {
          throw new TemplateException("Missing ']' in format string");
        }
        String key = name.substring(at + 1, next);
        requireName(key);
        value = Attributes.element(rendering, value, key(field.substring(at + 1, next)));
        next++;
        if (next < name.length() && name.charAt(next) != '.' && name.charAt(next) != '[') {
          throw new TemplateException("Only '.' or '[' may follow ']' in format field specifier");
        }
      }
      at = next;
    }
    return value;
  }

  private static void requireName(String name) {
    if (name.isEmpty()) {
      throw new TemplateException("Empty attribute in format string");
    }
  }

  private static TemplateValue attribute(TemplateValue object, MarkedText name) {
    TemplateValue value = Attributes.attribute(object, name.chars());
    return value instanceof UndefinedValue undefined && name.hasData()
        ? new UndefinedValue(undefined.message(), /* holdsData= */ true)
        : value;
  }

  private static TemplateValue key(MarkedText key) {
    return isNumber(key.chars())
        ? IntegerValue.of(Integer.parseInt(key.chars()))
        : StringValue.of(key);
  }

  private static boolean isNumber(String text) {
    return !text.isEmpty()
        && text.length() < 10
        && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  private TemplateValue first(String name) {
    if (!name.isEmpty() && !isNumber(name)) {
      TemplateValue value = arguments.named().get(name);
      if (value == null) {
        throw TemplateException.quoting(Representation.quoted(name));
      }
      return value;
    }
    if (name.isEmpty() ? numbered : automatic > 0) {
      throw new TemplateException(
          name.isEmpty()
              ? "cannot switch from manual field specification to automatic field numbering"
              : "cannot switch from automatic field numbering to manual field specification");
    }
    numbered |= !name.isEmpty();
    int place = name.isEmpty() ? automatic++ : Integer.parseInt(name);
    if (place >= arguments.positional().size()) {
      throw new TemplateException(
          "Replacement index " + place + " out of range for positional args tuple");
    }
    return arguments.positional().get(place);
  }
}
