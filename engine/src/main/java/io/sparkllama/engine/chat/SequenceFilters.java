package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Holds the filters that count, order, join and pick the elements of sequences and maps. */
final class SequenceFilters {
  private SequenceFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("length", SequenceFilters::length);
    filters.put("count", SequenceFilters::length);
    filters.put("default", SequenceFilters::defaultValue);
    filters.put("d", SequenceFilters::defaultValue);
    filters.put("attr", SequenceFilters::attribute);
    filters.put("first", SequenceFilters::first);
    filters.put("last", SequenceFilters::last);
    filters.put("list", SequenceFilters::list);
    filters.put("items", SequenceFilters::items);
    filters.put("join", SequenceFilters::join);
    filters.put("reverse", SequenceFilters::reverse);
    filters.put("sort", SequenceFilters::sort);
    filters.put("dictsort", SequenceFilters::sortMap);
    filters.put("unique", SequenceFilters::unique);
    filters.put("groupby", SequenceFilters::group);
    filters.put("min", (rendering, value, given) -> extreme("min", rendering, value, given));
    filters.put("max", (rendering, value, given) -> extreme("max", rendering, value, given));
    filters.put("sum", SequenceFilters::sum);
    filters.put("batch", SequenceFilters::batch);
    filters.put("slice", SequenceFilters::slice);
  }

  private static TemplateValue length(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("length", 0);
    return length(value);
  }

  /** Returns the number of a value's elements. */
  static IntegerValue length(TemplateValue value) {
    if (value instanceof StringValue string) {
      return IntegerValue.of(string.text().codePoints());
    }
    if (value instanceof SequenceValue sequence) {
      return IntegerValue.of(sequence.size());
    }
    if (value instanceof MapValue map) {
      return IntegerValue.of(map.size());
    }
    if (value instanceof LoopValue loop) {
      return IntegerValue.of(loop.length());
    }
    if (value instanceof UndefinedValue) {
      return IntegerValue.ZERO;
    }
    throw new TemplateException("object of type '" + value.typeName() + "' has no len()");
  }

  private static TemplateValue defaultValue(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("default", 0, "default_value", "boolean");
    boolean alsoFalse = bound[1] != null && bound[1].truth();
    boolean replaced = value instanceof UndefinedValue || (alsoFalse && !value.truth());
    return !replaced ? value : bound[0] == null ? StringValue.EMPTY : bound[0];
  }

  private static TemplateValue attribute(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue name = arguments.bind("attr", 1, "name")[0];
    return Attributes.ownAttribute(value, TextFilters.string("attr", name).text());
  }

  private static TemplateValue first(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("first", 0);
    Iterator<TemplateValue> items = Iteration.of(rendering, value).iterator();
    return items.hasNext()
        ? items.next()
        : new UndefinedValue("No first item, sequence was empty.");
  }

  private static TemplateValue last(Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("last", 0);
    if (value instanceof IteratorValue || !Iteration.isIterable(value)) {
      throw new TemplateException("'" + value.typeName() + "' object is not reversible");
    }
    List<TemplateValue> items =
        value instanceof SequenceValue sequence
            ? sequence.items()
            : Iteration.list(rendering, value);
    return items.isEmpty()
        ? new UndefinedValue("No last item, sequence was empty.")
        : items.get(items.size() - 1);
  }

  private static TemplateValue list(Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("list", 0);
    return SequenceValue.list(Iteration.list(rendering, value));
  }

  private static TemplateValue items(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("items", 0);
    return lazily(
        rendering,
        () -> {
          if (value instanceof UndefinedValue) {
            return List.of();
          }
          if (!(value instanceof MapValue map)) {
            throw new TemplateException("Can only get item pairs from a mapping.");
          }
          return MapMethods.items(rendering, map);
        });
  }

  /** Computes a list when somebody asks for its first element. */
  private static TemplateValue lazily(Rendering rendering, Supplier<List<TemplateValue>> list) {
    return IteratorValue.generator(
        rendering.budget(), SelectionFilters.begunLater(() -> list.get().iterator()));
  }

  private static TemplateValue join(Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("join", 0, "d", "attribute");
    MarkedText separator =
        bound[0] == null ? MarkedText.EMPTY : Representation.text(rendering.budget(), bound[0]);
    ElementKey key = ElementKey.of(rendering.budget(), bound[1]);
    MarkedTextBuilder out = rendering.newText();
    boolean first = true;
    for (TemplateValue item : Iteration.of(rendering, value)) {
      if (!first) {
        out.append(separator);
      }
      out.append(Representation.text(rendering.budget(), key.of(rendering, item)));
      first = false;
    }
    return StringValue.of(out.build());
  }

  private static TemplateValue reverse(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("reverse", 0);
    if (value instanceof StringValue) {
      return Slices.of(rendering, value, NoneValue.NONE, NoneValue.NONE, IntegerValue.of(-1));
    }
    if (!Iteration.isIterable(value)) {
      throw new TemplateException("argument must be iterable");
    }
    List<TemplateValue> items = Iteration.list(rendering, value);
    rendering.budget().elements(items.size());
    List<TemplateValue> reversed = new ArrayList<>(items);
    Collections.reverse(reversed);
    return value instanceof IteratorValue
        ? SequenceValue.list(reversed)
        : new IteratorValue(value.typeName() + "_reverseiterator", reversed.iterator());
  }

  private static TemplateValue sort(Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
    List<ElementKey> keys = ElementKey.list(rendering.budget(), bound[2]);
    boolean ignoresCase = bound[1] == null || !bound[1].truth();
    List<TemplateValue> items = Iteration.list(rendering, value);
    List<TemplateValue> sortKeys = new ArrayList<>(items.size());
    for (TemplateValue item : items) {
      List<TemplateValue> parts = new ArrayList<>(keys.size());
      for (ElementKey key : keys) {
        parts.add(folded(rendering, key.of(rendering, item), ignoresCase));
      }
      rendering.budget().elements(1L + parts.size());
      sortKeys.add(SequenceValue.list(parts));
    }
    boolean reverse = bound[0] != null && bound[0].truth();
    return SequenceValue.list(Comparison.sorted(rendering.budget(), items, sortKeys, reverse));
  }

  private static TemplateValue folded(
      Rendering rendering, TemplateValue value, boolean ignoresCase) {
    return ignoresCase && value instanceof StringValue string
        ? string.with(new TextCase(rendering, string.text()).lower())
        : value;
  }

  private static TemplateValue sortMap(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
    String by = bound[1] == null ? "key" : TextFilters.string("dictsort", bound[1]).chars();
    if (!by.equals("key") && !by.equals("value")) {
      throw new TemplateException("You can only sort by either \"key\" or \"value\"");
    }
    if (value instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    if (!(value instanceof MapValue map)) {
      throw new TemplateException("'" + value.typeName() + "' object has no attribute 'items'");
    }
    boolean ignoresCase = bound[0] == null || !bound[0].truth();
    List<TemplateValue> items = MapMethods.items(rendering, map);
    List<TemplateValue> keys = new ArrayList<>(items.size());
    for (TemplateValue item : items) {
      List<TemplateValue> pair = ((SequenceValue) item).items();
      keys.add(folded(rendering, pair.get(by.equals("key") ? 0 : 1), ignoresCase));
    }
    boolean reverse = bound[2] != null && bound[2].truth();
    return SequenceValue.list(Comparison.sorted(rendering.budget(), items, keys, reverse));
  }

  private static TemplateValue unique(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
    ElementKey key = ElementKey.of(rendering.budget(), bound[1]);
    boolean ignoresCase = bound[0] == null || !bound[0].truth();
    return lazily(
        rendering,
        () -> {
          Set<Object> seen = new HashSet<>();
          List<TemplateValue> kept = new ArrayList<>();
          for (TemplateValue item : Iteration.of(rendering, value)) {
            TemplateValue folded = folded(rendering, key.of(rendering, item), ignoresCase);
            rendering.budget().elements(2);
            if (seen.add(MapValue.hashKey(rendering.budget(), folded))) {
              kept.add(item);
            }
          }
          return kept;
        });
  }

  private static TemplateValue group(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
    ElementKey key = ElementKey.of(rendering.budget(), bound[0]).orElse(bound[1]);
    boolean ignoresCase = bound[2] == null || !bound[2].truth();
    List<TemplateValue> items = Iteration.list(rendering, value);
    List<TemplateValue> keys = new ArrayList<>(items.size());
    for (TemplateValue item : items) {
      keys.add(folded(rendering, key.of(rendering, item), ignoresCase));
    }
    rendering.budget().elements(4L * items.size());
    List<TemplateValue> groups = new ArrayList<>();
    List<TemplateValue> members = new ArrayList<>();
    TemplateValue current = null;
    for (TemplateValue item : Comparison.sorted(rendering.budget(), items, keys, false)) {
      TemplateValue itemKey = folded(rendering, key.of(rendering, item), ignoresCase);
      if (current != null && !Comparison.equal(rendering.budget(), current, itemKey)) {
        groups.add(groupOf(rendering, key, members));
        members = new ArrayList<>();
      }
      current = itemKey;
      members.add(item);
    }
    if (!members.isEmpty()) {
      groups.add(groupOf(rendering, key, members));
    }
    return SequenceValue.list(groups);
  }

  private static TemplateValue groupOf(
      Rendering rendering, ElementKey key, List<TemplateValue> members) {
    return new SequenceValue(
        SequenceValue.Kind.GROUP,
        List.of(key.of(rendering, members.get(0)), SequenceValue.list(members)));
  }

  private static TemplateValue extreme(
      String name, Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind(name, 0, "case_sensitive", "attribute");
    ElementKey key = ElementKey.of(rendering.budget(), bound[1]);
    boolean ignoresCase = bound[0] == null || !bound[0].truth();
    String operator = name.equals("min") ? "<" : ">";
    TemplateValue best = null;
    TemplateValue bestKey = null;
    for (TemplateValue item : Iteration.of(rendering, value)) {
      TemplateValue itemKey = folded(rendering, key.of(rendering, item), ignoresCase);
      if (best == null || Comparison.holds(rendering.budget(), operator, itemKey, bestKey)) {
        best = item;
        bestKey = itemKey;
      }
    }
    return best == null ? new UndefinedValue("No aggregated item, sequence was empty.") : best;
  }

  private static TemplateValue sum(Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("sum", 0, "attribute", "start");
    ElementKey key = ElementKey.of(rendering.budget(), bound[0]);
    TemplateValue sum = bound[1] == null ? IntegerValue.ZERO : bound[1];
    if (sum instanceof StringValue) {
      throw new TemplateException("sum() can't sum strings [use ''.join(seq) instead]");
    }
    for (TemplateValue item : Iteration.of(rendering, value)) {
      sum = Arithmetic.binary(rendering, "+", sum, key.of(rendering, item));
    }
    return sum;
  }

  private static TemplateValue batch(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("batch", 1, "linecount", "fill_with");
    int size = NumberValues.index(bound[0]);
    return lazily(
        rendering,
        () -> {
          List<TemplateValue> batches = new ArrayList<>();
          List<TemplateValue> batch = new ArrayList<>();
          for (TemplateValue item : Iteration.of(rendering, value)) {
            if (batch.size() == size) {
              batches.add(SequenceValue.list(batch));
              batch = new ArrayList<>();
            }
            rendering.budget().elements(2);
            batch.add(item);
          }
          if (!batch.isEmpty()) {
            if (bound[1] != null && bound[1] != NoneValue.NONE && batch.size() < size) {
              rendering.budget().elements(size - batch.size());
              batch.addAll(Collections.nCopies(size - batch.size(), bound[1]));
            }
            batches.add(SequenceValue.list(batch));
          }
          return batches;
        });
  }

  private static TemplateValue slice(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("slice", 1, "slices", "fill_with");
    int slices = NumberValues.index(bound[0]);
    return lazily(
        rendering,
        () -> {
          List<TemplateValue> items = Iteration.list(rendering, value);
          if (slices == 0) {
            throw new TemplateException("integer division or modulo by zero");
          }
          rendering.budget().elements(2L * items.size() + Math.max(0, slices));
          List<TemplateValue> parts = new ArrayList<>();
          int start = 0;
          for (int i = 0; i < slices; i++) {
            int end = start + items.size() / slices + (i < items.size() % slices ? 1 : 0);
            List<TemplateValue> part = new ArrayList<>(items.subList(start, end));
            boolean filled = bound[1] != null && bound[1] != NoneValue.NONE;
            if (filled && i >= items.size() % slices) {
              part.add(bound[1]);
            }
            parts.add(SequenceValue.list(part));
            start = end;
          }
          return parts;
        });
  }
}
