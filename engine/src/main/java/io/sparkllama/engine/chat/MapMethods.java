package io.sparkllama.engine.chat;

import java.util.ArrayList;
import java.util.List;

/** Gives maps their methods; those that would change a map do not exist for templates. */
final class MapMethods {
  private MapMethods() {}

  /** Returns a map's method, or null where it has none of that name. */
  static TemplateValue find(MapValue self, String name) {
    return switch (name) {
      case "get" -> CallableValue.method(name, (rendering, given) -> get(rendering, self, given));
      case "keys" ->
          CallableValue.method(
              name,
              (rendering, given) -> {
                given.bind(name, 0);
                rendering.budget().elements(self.size());
                return new SequenceValue(SequenceValue.Kind.KEYS, self.keys());
              });
      case "values" ->
          CallableValue.method(
              name,
              (rendering, given) -> {
                given.bind(name, 0);
                return new SequenceValue(SequenceValue.Kind.VALUES, values(rendering, self));
              });
      case "items" ->
          CallableValue.method(
              name,
              (rendering, given) -> {
                given.bind(name, 0);
                return new SequenceValue(SequenceValue.Kind.ITEMS, items(rendering, self));
              });
      case "copy" ->
          CallableValue.method(
              name,
              (rendering, given) -> {
                given.bind(name, 0);
                rendering.budget().elements(2L * self.size());
                return MapValue.copyOf(self);
              });
      default -> null;
    };
  }

  /** Returns a map's entries as tuples of key and value. */
  static List<TemplateValue> items(Rendering rendering, MapValue map) {
    rendering.budget().elements(3L * map.size());
    List<TemplateValue> items = new ArrayList<>(map.size());
    for (MapValue.Entry entry : map.entries()) {
      items.add(SequenceValue.tuple(List.of(entry.key(), entry.value())));
    }
    return items;
  }

  private static List<TemplateValue> values(Rendering rendering, MapValue map) {
    rendering.budget().elements(map.size());
    List<TemplateValue> values = new ArrayList<>(map.size());
    map.entries().forEach(entry -> values.add(entry.value()));
    return values;
  }

  private static TemplateValue get(Rendering rendering, MapValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("get", 1, "key", "default");
    TemplateValue value = self.get(rendering.budget(), bound[0]);
    if (value != null) {
      return value;
    }
    return bound[1] == null ? NoneValue.NONE : bound[1];
  }
}
