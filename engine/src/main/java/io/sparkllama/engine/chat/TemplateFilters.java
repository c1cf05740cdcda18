package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.HashMap;
import java.util.Map;

/** Knows the filters by name: those of Jinja that serve text, and {@code tojson} of chat models. */
final class TemplateFilters {
  private static final Map<String, Filter> FILTERS = new HashMap<>();

  static {
    TextFilters.addTo(FILTERS);
    NumberFilters.addTo(FILTERS);
    SequenceFilters.addTo(FILTERS);
    SelectionFilters.addTo(FILTERS);
  }

  private TemplateFilters() {}

  /** Returns a filter, or null where there is none of that name. */
  static Filter find(String name) {
    return FILTERS.get(name);
  }

  /** Returns a filter that a template names while it runs. */
  static Filter require(TemplateValue name) {
    Filter filter = name instanceof StringValue text ? find(text.chars()) : null;
    if (filter == null) {
      String given = name instanceof StringValue text ? text.chars() : name.typeName();
      throw TemplateException.quoting("No filter named " + Representation.quoted(given) + ".");
    }
    return filter;
  }
}
