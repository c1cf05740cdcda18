package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;

/**
 * Stands for what is not there. It prints as nothing, counts as false and has no elements; anything
 * else done with it fails with its message.
 */
record UndefinedValue(String message) implements TemplateValue {

  static UndefinedValue ofName(String name) {
    return new UndefinedValue(Representation.quoted(name) + " is undefined");
  }

  /** Makes what a missing attribute or key gives. */
  static UndefinedValue ofAttribute(TemplateValue object, String name) {
    return new UndefinedValue(
        Representation.quoted(describe(object))
            + " has no attribute "
            + Representation.quoted(name));
  }

  /** Makes what a missing element gives. */
  static UndefinedValue ofElement(TemplateValue object, String element) {
    return new UndefinedValue(describe(object) + " has no element " + element);
  }

  TemplateException failure() {
    return new TemplateException(message);
  }

  private static String describe(TemplateValue object) {
    if (object == NoneValue.NONE) {
      return "None";
    }
    return (object instanceof NamespaceValue ? "jinja2.utils.Namespace" : object.typeName())
        + " object";
  }

  @Override
  public String typeName() {
    return "Undefined";
  }

  @Override
  public boolean truth() {
    return false;
  }
}
