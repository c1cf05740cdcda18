package io.sparkllama.engine.chat;

import java.util.Map;

/**
 * Holds what a template can call: a function of the interpreter, a method of a value, or a macro.
 *
 * @param attributes what stands behind a dot, such as a macro's name
 */
record CallableValue(String typeName, String name, Body body, Map<String, TemplateValue> attributes)
    implements TemplateValue {

  /** Does the work of a call. */
  interface Body {
    TemplateValue call(Rendering rendering, Arguments arguments);
  }

  static CallableValue function(String name, Body body) {
    return new CallableValue("function", name, body, Map.of());
  }

  static CallableValue method(String name, Body body) {
    return new CallableValue("builtin_function_or_method", name, body, Map.of());
  }

  @Override
  public boolean truth() {
    return true;
  }

  // Two callables are the same only where they are one: bodies have no equality of their own.
  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
