package io.sparkllama.engine.chat;

/** Stands for no value. */
enum NoneValue implements TemplateValue {
  NONE;

  @Override
  public String typeName() {
    return "NoneType";
  }

  @Override
  public boolean truth() {
    return false;
  }
}
