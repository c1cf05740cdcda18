package io.sparkllama.engine.chat;

import java.math.BigInteger;

/**
 * Writes values as Python prints them: {@code str} for what a template prints, {@code repr} for
 * what stands inside a list or a map.
 */
final class Representation {
  private Representation() {}

  /** Returns the text that a template prints for a value. */
  static MarkedText text(Budget budget, TemplateValue value) {
    if (value instanceof StringValue string) {
      return string.text();
    }
    if (value instanceof UndefinedValue) {
      return MarkedText.EMPTY;
    }
    MarkedTextBuilder out = new MarkedTextBuilder(budget);
    append(budget, out, value);
    return out.build();
  }

  /** Returns the text of a value with quotes around strings. */
  static MarkedText quotedText(Budget budget, TemplateValue value) {
    MarkedTextBuilder out = new MarkedTextBuilder(budget);
    append(budget, out, value);
    return out.build();
  }

  /** Returns a name in the quotes that Python chooses. */
  static String quoted(String name) {
    StringBuilder out = new StringBuilder();
    char quote = quoteOf(name);
    out.append(quote);
    name.codePoints().forEach(c -> out.append(escaped(c, quote)));
    return out.append(quote).toString();
  }

  /** Writes a number as Python prints it. */
  static String of(Budget budget, double number) {
    budget.steps(NumberFormat.steps(number));
    return ShortestDecimal.of(number);
  }

  private static void append(Budget budget, MarkedTextBuilder out, TemplateValue value) {
    budget.step();
    if (value instanceof StringValue string) {
      appendString(out, string);
    } else if (value instanceof SequenceValue sequence) {
      appendSequence(budget, out, sequence);
    } else if (value instanceof MapValue map) {
      appendMap(budget, out, map);
    } else if (value instanceof NamespaceValue namespace) {
      appendNamespace(budget, out, namespace);
    } else {
      out.append(atom(budget, value));
    }
  }

  private static String atom(Budget budget, TemplateValue value) {
    if (value instanceof IntegerValue integer) {
      return integer.value().toString();
    }
    if (value instanceof FloatValue number) {
      return of(budget, number.value());
    }
    if (value instanceof BooleanValue flag) {
      return flag.truth() ? "True" : "False";
    }
    if (value == NoneValue.NONE) {
      return "None";
    }
    if (value instanceof UndefinedValue) {
      return "Undefined";
    }
    if (value instanceof LoopValue loop) {
      return "<LoopContext " + (loop.index() + 1) + "/" + loop.length() + ">";
    }
    if (value instanceof CallableValue callable) {
      String name = callable.name() == null ? "anonymous" : quoted(callable.name());
      return "<" + callable.typeName() + " " + name + ">";
    }
    return "<" + value.typeName() + ">";
  }

  private static void appendSequence(Budget budget, MarkedTextBuilder out, SequenceValue value) {
    if (value.items() instanceof SequenceValue.Progression range) {
      String step = range.step().equals(BigInteger.ONE) ? "" : ", " + range.step();
      out.append("range(" + range.start() + ", " + range.stop() + step + ")");
      return;
    }
    budget.enter(2);
    boolean list = value.kind() == SequenceValue.Kind.LIST;
    boolean view = !value.isSubscriptable();
    out.append(list ? "[" : view ? value.typeName() + "([" : "(");
    String separator = "";
    for (TemplateValue item : value.items()) {
      out.append(separator);
      append(budget, out, item);
      separator = ", ";
    }
    out.append(list ? "]" : view ? "])" : value.size() == 1 ? ",)" : ")");
    budget.leave(2);
  }

  private static void appendMap(Budget budget, MarkedTextBuilder out, MapValue map) {
    budget.enter(2);
    out.append("{");
    String separator = "";
    for (MapValue.Entry entry : map.entries()) {
      out.append(separator);
      append(budget, out, entry.key());
      out.append(": ");
      append(budget, out, entry.value());
      separator = ", ";
    }
    out.append("}");
    budget.leave(2);
  }

  private static void appendNamespace(
      Budget budget, MarkedTextBuilder out, NamespaceValue namespace) {
    MapValue map = new MapValue();
    namespace.attributes().forEach(entry -> map.put(budget, entry.key(), entry.value()));
    out.append("<Namespace ");
    appendMap(budget, out, map);
    out.append(">");
  }

  private static void appendString(MarkedTextBuilder out, StringValue string) {
    MarkedText text = string.text();
    String chars = text.chars();
    char quote = quoteOf(chars);
    if (string.markup()) {
      out.append("Markup(");
    }
    out.append(quote, false);
    int at = 0;
    while (at < chars.length()) {
      int c = chars.codePointAt(at);
      out.append(escaped(c, quote), text.isDataCharacter(at));
      at += Character.charCount(c);
    }
    out.append(quote, false);
    if (string.markup()) {
      out.append(")");
    }
  }

  private static char quoteOf(String chars) {
    return chars.indexOf('\'') >= 0 && chars.indexOf('"') < 0 ? '"' : '\'';
  }

  private static String escaped(int c, char quote) {
    if (c == quote || c == '\\') {
      return "\\" + (char) c;
    }
    return switch (c) {
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      default -> {
        if (PythonCharacter.isPrintable(c)) {
          yield Character.toString(c);
        }
        yield c < 0x100
            ? String.format("\\x%02x", c)
            : c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
      }
    };
  }
}
