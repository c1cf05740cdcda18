package io.sparkllama.engine.chat;

/** Holds true or false, which count as 1 and 0 in arithmetic. */
enum BooleanValue implements TemplateValue {
  FALSE,
  TRUE;

  static BooleanValue of(boolean value) {
    return value ? TRUE : FALSE;
  }

  @Override
  public String typeName() {
    return "bool";
  }

  @Override
  public boolean truth() {
    return this == TRUE;
  }
}
