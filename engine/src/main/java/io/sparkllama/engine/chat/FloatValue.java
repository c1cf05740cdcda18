package io.sparkllama.engine.chat;

/** Holds a floating-point number. */
record FloatValue(double value) implements TemplateValue {
  @Override
  public String typeName() {
    return "float";
  }

  @Override
  public boolean truth() {
    return value != 0;
  }
}
