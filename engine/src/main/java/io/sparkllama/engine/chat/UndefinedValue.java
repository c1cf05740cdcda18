package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.function.Supplier;

/**
 * Stands for what is not there. It prints as nothing, counts as false and has no elements; anything
 * else done with it fails with its message.
 *
 * @param message what is wrong, put into words only for an error: most of what is missing is only
 *     asked for
 * @param holdsData whether the message may hold text of data
 */
record UndefinedValue(Supplier<String> message, boolean holdsData) implements TemplateValue {
  UndefinedValue(Supplier<String> message) {
    this(message, false);
  }

  UndefinedValue(String message) {
    this(() -> message, false);
  }

  static UndefinedValue ofName(String name) {
    return new UndefinedValue(() -> Representation.quoted(name) + " is undefined");
  }

  /** Makes what an attribute gives that the template names and the object has not. */
  static UndefinedValue ofAttribute(TemplateValue object, String name) {
    return new UndefinedValue(() -> missing(object, name));
  }

  /** Makes what an attribute gives whose name was computed. */
  static UndefinedValue ofAttribute(TemplateValue object, MarkedText name) {
    return new UndefinedValue(() -> missing(object, name.chars()), name.hasData());
  }

  /** Makes what a missing key gives. */
  static UndefinedValue ofKey(Budget budget, TemplateValue object, TemplateValue key) {
    if (key instanceof StringValue name) {
      return ofAttribute(object, name.text());
    }
    MarkedText element = Representation.quotedText(budget, key);
    return new UndefinedValue(
        () -> describe(object) + " has no element " + element.chars(), element.hasData());
  }

  private static String missing(TemplateValue object, String name) {
    return Representation.quoted(describe(object))
        + " has no attribute "
        + Representation.quoted(name);
  }

  TemplateException failure() {
    return holdsData
        ? TemplateException.quoting(message.get())
        : new TemplateException(message.get());
  }

  private static String describe(TemplateValue object) {
    if (object == NoneValue.NONE) {
      return "None";
    }
    String module =
        object instanceof NamespaceValue
                || object instanceof JoinerValue
                || object instanceof CyclerValue
            ? "jinja2.utils."
            : object instanceof LoopValue || object.typeName().equals("Macro")
                ? "jinja2.runtime."
                : "";
    return module + object.typeName() + " object";
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
