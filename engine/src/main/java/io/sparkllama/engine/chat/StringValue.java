package io.sparkllama.engine.chat;

/**
 * Holds a string.
 *
 * @param markup whether the filters {@code safe} or {@code escape} made it: then what is added to
 *     it is escaped for HTML, as Jinja does
 */
record StringValue(MarkedText text, boolean markup) implements TemplateValue {
  static final StringValue EMPTY = new StringValue(MarkedText.EMPTY, false);

  static StringValue of(MarkedText text) {
    return new StringValue(text, false);
  }

  static StringValue ofTemplate(String chars) {
    return of(MarkedText.ofTemplate(chars));
  }

  String chars() {
    return text.chars();
  }

  /** Returns another text of the same kind. */
  StringValue with(MarkedText other) {
    return new StringValue(other, markup);
  }

  @Override
  public String typeName() {
    return markup ? "Markup" : "str";
  }

  @Override
  public boolean truth() {
    return !text.isEmpty();
  }
}
