package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.TemplateException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Turns what a caller gives into values, and measures it: the budget grows with it. */
final class TemplateArguments {
  private static final int MOST_DEPTH = 100;

  private long characters;

  /** Returns the size of everything that was turned into values so far. */
  long characters() {
    return characters;
  }

  /** Turns a map of arguments into variables. */
  Map<String, TemplateValue> variables(Map<String, ?> arguments) {
    Map<String, TemplateValue> variables = new HashMap<>();
    arguments.forEach((name, value) -> variables.put(name, value(value, 0)));
    return variables;
  }

  private TemplateValue value(Object value, int depth) {
    if (depth > MOST_DEPTH) {
      throw new TemplateException("an argument nests too deep");
    }
    characters += 16;
    if (value == null) {
      return NoneValue.NONE;
    }
    if (value instanceof String text) {
      characters += text.length();
      return StringValue.of(MarkedText.ofData(text));
    }
    if (value instanceof Prompt prompt) {
      MarkedText text = MarkedText.of(prompt);
      characters += text.length();
      return StringValue.of(text);
    }
    if (value instanceof Boolean flag) {
      return BooleanValue.of(flag);
    }
    if (value instanceof Number number) {
      return number(number);
    }
    if (value instanceof List<?> list) {
      List<TemplateValue> items = new ArrayList<>(list.size());
      for (Object item : list) {
        items.add(value(item, depth + 1));
      }
      return SequenceValue.list(items);
    }
    if (value instanceof Map<?, ?> map) {
      return map(map, depth);
    }
    throw new IllegalArgumentException("Not a value for templates: " + value.getClass().getName());
  }

  private MapValue map(Map<?, ?> given, int depth) {
    MapValue map = new MapValue();
    Budget unbounded = Budget.unbounded();
    given.forEach(
        (key, value) -> map.put(unbounded, value(key, depth + 1), value(value, depth + 1)));
    return map;
  }

  private static TemplateValue number(Number number) {
    if (number instanceof BigInteger whole) {
      return NumberValues.of(whole);
    }
    if (number instanceof BigDecimal real) {
      return new FloatValue(real.doubleValue());
    }
    if (number instanceof Double || number instanceof Float) {
      return new FloatValue(number.doubleValue());
    }
    return IntegerValue.of(number.longValue());
  }
}
