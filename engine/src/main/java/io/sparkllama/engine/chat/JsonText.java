package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes values as JSON, byte for byte as Python's {@code json.dumps} does: the filter {@code
 * tojson} of chat templates. Text of data stays data.
 */
final class JsonText {
  /**
   * Says how to write.
   *
   * @param escapesNonAscii whether characters beyond ASCII become {@code \}{@code uXXXX}
   * @param indent what a level is indented by; without it everything stands on one line
   */
  record Style(
      boolean escapesNonAscii,
      Optional<MarkedText> indent,
      MarkedText itemSeparator,
      MarkedText keySeparator,
      boolean sortsKeys) {}

  private final Budget budget;
  private final Style style;
  private final MarkedTextBuilder out;

  private JsonText(Budget budget, Style style) {
    this.budget = budget;
    this.style = style;
    this.out = new MarkedTextBuilder(budget);
  }

  static MarkedText of(Budget budget, Style style, TemplateValue value) {
    JsonText json = new JsonText(budget, style);
    json.append(value, 0);
    return json.out.build();
  }

  private void append(TemplateValue value, int level) {
    budget.step();
    if (value instanceof StringValue string) {
      appendString(string.text());
    } else if (value instanceof SequenceValue sequence && isArray(sequence)) {
      appendArray(sequence, level);
    } else if (value instanceof MapValue map) {
      appendObject(map, level);
    } else {
      out.append(atom(value));
    }
  }

  private static boolean isArray(SequenceValue value) {
    return value.isTuple() || value.kind() == SequenceValue.Kind.LIST;
  }

  private String atom(TemplateValue value) {
    if (value instanceof IntegerValue integer) {
      return integer.value().toString();
    }
    if (value instanceof FloatValue number) {
      return number(number.value());
    }
    if (value instanceof BooleanValue flag) {
      return flag.truth() ? "true" : "false";
    }
    if (value == NoneValue.NONE) {
      return "null";
    }
    throw new TemplateException("Object of type " + value.typeName() + " is not JSON serializable");
  }

  private String number(double number) {
    if (Double.isNaN(number)) {
      return "NaN";
    }
    if (Double.isInfinite(number)) {
      return number > 0 ? "Infinity" : "-Infinity";
    }
    return Representation.of(budget, number);
  }

  private void appendArray(SequenceValue array, int level) {
    if (array.size() == 0) {
      out.append("[]");
      return;
    }
    budget.enter(2);
    out.append("[");
    boolean first = true;
    for (TemplateValue item : array.items()) {
      beginItem(first, level + 1);
      append(item, level + 1);
      first = false;
    }
    newLine(level);
    out.append("]");
    budget.leave(2);
  }

  private void appendObject(MapValue map, int level) {
    if (map.size() == 0) {
      out.append("{}");
      return;
    }
    budget.enter(2);
    out.append("{");
    boolean first = true;
    for (MapValue.Entry entry : sortedEntries(map)) {
      beginItem(first, level + 1);
      appendString(key(entry.key()));
      out.append(style.keySeparator());
      append(entry.value(), level + 1);
      first = false;
    }
    newLine(level);
    out.append("}");
    budget.leave(2);
  }

  private Iterable<MapValue.Entry> sortedEntries(MapValue map) {
    if (!style.sortsKeys()) {
      return map.entries();
    }
    List<MapValue.Entry> entries = new ArrayList<>(map.size());
    map.entries().forEach(entries::add);
    budget.elements(entries.size());
    return Comparison.sorted(budget, entries, map.keys(), false);
  }

  private MarkedText key(TemplateValue key) {
    if (key instanceof StringValue string) {
      return string.text();
    }
    if (NumberValues.isNumber(key) || key == NoneValue.NONE) {
      return MarkedText.ofTemplate(atom(key));
    }
    throw new TemplateException(
        "keys must be str, int, float, bool or None, not " + key.typeName());
  }

  private void beginItem(boolean first, int level) {
    if (!first) {
      out.append(style.itemSeparator());
    }
    newLine(level);
  }

  private void newLine(int level) {
    style
        .indent()
        .ifPresent(
            indent -> {
              out.append("\n");
              out.repeat(indent, level);
            });
  }

  private void appendString(MarkedText text) {
    String chars = text.chars();
    out.append("\"");
    int kept = 0; // everything before is written
    for (int i = 0; i < chars.length(); i++) {
      String escape = escape(chars.charAt(i));
      if (escape != null) {
        out.append(text, kept, i);
        out.append(escape, text.isData(i));
        kept = i + 1;
      }
    }
    budget.scan(chars.length());
    out.append(text, kept, chars.length());
    out.append("\"");
  }

  /** Returns what stands for a character, or null where it stands for itself. */
  private String escape(char c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\r' -> "\\r";
      case '\t' -> "\\t";
      case '\f' -> "\\f";
      case '\b' -> "\\b";
      default ->
          c < 0x20 || (c > 0x7e && style.escapesNonAscii())
              ? String.format("\\u%04x", (int) c)
              : null;
    };
  }
}
