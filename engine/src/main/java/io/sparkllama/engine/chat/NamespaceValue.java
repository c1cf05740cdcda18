package io.sparkllama.engine.chat;

import java.util.LinkedHashMap;
import java.util.Map;

/** Holds what {@code {% set ns.name = … %}} sets: the one value that a template may change. */
final class NamespaceValue implements TemplateValue {
  private final Map<String, MapValue.Entry> attributes = new LinkedHashMap<>(); // by their names

  /** Returns an attribute, or null. */
  TemplateValue get(String name) {
    MapValue.Entry attribute = attributes.get(name);
    return attribute == null ? null : attribute.value();
  }

  /** Sets an attribute; the name that it first had stays, with who wrote it. */
  void set(StringValue name, TemplateValue value) {
    MapValue.Entry old = attributes.get(name.chars());
    attributes.put(name.chars(), new MapValue.Entry(old == null ? name : old.key(), value));
  }

  Iterable<MapValue.Entry> attributes() {
    return attributes.values();
  }

  @Override
  public String typeName() {
    return "Namespace";
  }

  @Override
  public boolean truth() {
    return true;
  }
}
