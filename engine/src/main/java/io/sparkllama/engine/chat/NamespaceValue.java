package io.sparkllama.engine.chat;

import java.util.LinkedHashMap;
import java.util.Map;

/** Holds what {@code {% set ns.name = … %}} sets: the one value that a template may change. */
final class NamespaceValue implements TemplateValue {
  private final Map<String, TemplateValue> attributes = new LinkedHashMap<>();

  /** Returns an attribute, or null. */
  TemplateValue get(String name) {
    return attributes.get(name);
  }

  void set(String name, TemplateValue value) {
    attributes.put(name, value);
  }

  Map<String, TemplateValue> attributes() {
    return attributes;
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
