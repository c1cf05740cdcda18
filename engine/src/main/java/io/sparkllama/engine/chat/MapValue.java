package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Holds values by key, in the order in which the keys came; never changed once handed out. */
final class MapValue implements TemplateValue {
  /** Holds a key as it was first written, and its value. */
  record Entry(TemplateValue key, TemplateValue value) {}

  /**
   * Stands for a tuple as a key. Its order means nothing; it lets a map find one of many keys that
   * somebody chose to have the same hash.
   */
  private record TupleKey(List<Object> parts) implements Comparable<TupleKey> {
    @Override
    public int compareTo(TupleKey other) {
      int order = Integer.compare(parts.size(), other.parts.size());
      for (int i = 0; order == 0 && i < parts.size(); i++) {
        order = order(parts.get(i), other.parts.get(i));
      }
      return order;
    }

    private static int order(Object left, Object right) {
      if (left instanceof String a && right instanceof String b) {
        return a.compareTo(b);
      }
      if (left instanceof BigInteger a && right instanceof BigInteger b) {
        return a.compareTo(b);
      }
      if (left instanceof Double a && right instanceof Double b) {
        return a.compareTo(b);
      }
      if (left instanceof TupleKey a && right instanceof TupleKey b) {
        return a.compareTo(b);
      }
      int order = left.getClass().getName().compareTo(right.getClass().getName());
      return order != 0 ? order : Integer.compare(left.hashCode(), right.hashCode());
    }
  }

  private final Map<Object, Entry> entries; // by what hashKey makes of the key

  MapValue() {
    entries = new LinkedHashMap<>();
  }

  static MapValue copyOf(MapValue other) {
    MapValue copy = new MapValue();
    copy.entries.putAll(other.entries);
    return copy;
  }

  /** Sets a value; the first key of equal ones stays, and its place. For who builds the map. */
  void put(Budget budget, TemplateValue key, TemplateValue value) {
    Object hashKey = hashKey(budget, key);
    Entry old = entries.get(hashKey);
    budget.elements(old == null ? 4 : 0);
    entries.put(hashKey, new Entry(old == null ? key : old.key(), value));
  }

  /** Returns a value, or null. */
  TemplateValue get(Budget budget, TemplateValue key) {
    Entry entry = entries.get(hashKey(budget, key));
    return entry == null ? null : entry.value();
  }

  /** Returns a value by the text of its key, or null. */
  TemplateValue get(String key) {
    Entry entry = entries.get(key);
    return entry == null ? null : entry.value();
  }

  int size() {
    return entries.size();
  }

  Iterable<Entry> entries() {
    return entries.values();
  }

  List<TemplateValue> keys() {
    List<TemplateValue> keys = new ArrayList<>(entries.size());
    entries.values().forEach(entry -> keys.add(entry.key()));
    return keys;
  }

  /**
   * Returns what is equal for equal keys: 1, 1.0 and true are one key, as in Python.
   *
   * @throws TemplateException for values that cannot be keys
   */
  static Object hashKey(Budget budget, TemplateValue key) {
    budget.step();
    if (key instanceof StringValue string) {
      budget.scan(string.text().length());
      return string.chars();
    }
    if (key instanceof IntegerValue integer) {
      return integer.value();
    }
    if (key instanceof BooleanValue flag) {
      return flag.truth() ? BigInteger.ONE : BigInteger.ZERO;
    }
    if (key instanceof FloatValue number) {
      return NumberValues.isWhole(number.value())
          ? NumberValues.toInteger(number.value())
          : number.value();
    }
    if (key instanceof SequenceValue sequence) {
      if (sequence.isTuple()) {
        budget.enter(2);
        budget.elements(sequence.size());
        List<Object> parts = new ArrayList<>(sequence.size());
        sequence.items().forEach(item -> parts.add(hashKey(budget, item)));
        budget.leave(2);
        return new TupleKey(parts);
      }
      if (sequence.kind() == SequenceValue.Kind.RANGE) {
        SequenceValue.Progression range = (SequenceValue.Progression) sequence.items();
        return new TupleKey(
            List.of("range", BigInteger.valueOf(range.size()), range.start(), range.step()));
      }
      throw unhashable(key);
    }
    if (key instanceof MapValue) {
      throw unhashable(key);
    }
    return key instanceof UndefinedValue ? UndefinedValue.class : key;
  }

  private static TemplateException unhashable(TemplateValue key) {
    return new TemplateException("unhashable type: '" + key.typeName() + "'");
  }

  @Override
  public String typeName() {
    return "dict";
  }

  @Override
  public boolean truth() {
    return !entries.isEmpty();
  }
}
