package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Holds the filters that apply a filter or a test to each element of a sequence. */
final class SelectionFilters {
  private SelectionFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("map", SelectionFilters::map);
    filters.put("select", (r, value, given) -> select(r, value, given, false, true));
    filters.put("reject", (r, value, given) -> select(r, value, given, false, false));
    filters.put("selectattr", (r, value, given) -> select(r, value, given, true, true));
    filters.put("rejectattr", (r, value, given) -> select(r, value, given, true, false));
  }

  private static TemplateValue map(Rendering rendering, TemplateValue value, Arguments arguments) {
    if (!value.truth()) {
      return IteratorValue.generator(rendering.budget(), List.<TemplateValue>of().iterator());
    }
    return IteratorValue.generator(
        rendering.budget(),
        begunLater(
            () -> {
              Function<TemplateValue, TemplateValue> function = mapping(rendering, arguments);
              return new MappedIterator(Iteration.of(rendering, value).iterator(), function);
            }));
  }

  private static Function<TemplateValue, TemplateValue> mapping(
      Rendering rendering, Arguments arguments) {
    if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
      Map<String, TemplateValue> named = new LinkedHashMap<>(arguments.named());
      ElementKey key =
          ElementKey.of(rendering.budget(), named.remove("attribute"))
              .orElse(named.remove("default"));
      if (!named.isEmpty()) {
        String name = named.keySet().iterator().next();
        throw arguments.failure(name, "Unexpected keyword argument " + Representation.quoted(name));
      }
      return item -> key.of(rendering, item);
    }
    if (arguments.positional().isEmpty()) {
      throw new TemplateException("map requires a filter argument");
    }
    Filter filter = TemplateFilters.require(arguments.positional().get(0));
    Arguments rest = arguments.from(1);
    return item -> filter.apply(rendering, item, rest);
  }

  private static TemplateValue select(
      Rendering rendering,
      TemplateValue value,
      Arguments arguments,
      boolean byAttribute,
      boolean selects) {
    if (!value.truth()) {
      return IteratorValue.generator(rendering.budget(), List.<TemplateValue>of().iterator());
    }
    return IteratorValue.generator(
        rendering.budget(),
        begunLater(
            () -> {
              Predicate<TemplateValue> test = test(rendering, arguments, byAttribute);
              return new FilteredIterator(
                  Iteration.of(rendering, value).iterator(), selects ? test : test.negate());
            }));
  }

  private static Predicate<TemplateValue> test(
      Rendering rendering, Arguments arguments, boolean byAttribute) {
    List<TemplateValue> given = arguments.positional();
    if (byAttribute && given.isEmpty()) {
      throw new TemplateException("Missing parameter for attribute name");
    }
    ElementKey key = ElementKey.of(rendering.budget(), byAttribute ? given.get(0) : null);
    int used = byAttribute ? 1 : 0;
    if (given.size() == used) {
      return item -> key.of(rendering, item).truth();
    }
    TemplateTest test = TemplateTests.require(given.get(used));
    Arguments rest = arguments.from(used + 1);
    return item -> test.holds(rendering, key.of(rendering, item), rest);
  }

  /** Makes an iterator when it is first asked: mistakes in arguments come up no sooner. */
  static Iterator<TemplateValue> begunLater(Supplier<Iterator<TemplateValue>> maker) {
    return new Iterator<>() {
      private Iterator<TemplateValue> items;

      @Override
      public boolean hasNext() {
        return begun().hasNext();
      }

      @Override
      public TemplateValue next() {
        return begun().next();
      }

      private Iterator<TemplateValue> begun() {
        if (items == null) {
          items = maker.get();
        }
        return items;
      }
    };
  }

  /** Gives what a function makes of each element. */
  private record MappedIterator(
      Iterator<TemplateValue> items, Function<TemplateValue, TemplateValue> function)
      implements Iterator<TemplateValue> {
    @Override
    public boolean hasNext() {
      return items.hasNext();
    }

    @Override
    public TemplateValue next() {
      return function.apply(items.next());
    }
  }
}
