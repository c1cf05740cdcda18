package io.sparkllama.engine.chat;

/** Gives its separator at every call but the first. */
final class JoinerValue implements TemplateValue {
  private final TemplateValue separator;
  private boolean used;

  JoinerValue(TemplateValue separator) {
    this.separator = separator;
  }

  TemplateValue next() {
    TemplateValue given = used ? separator : StringValue.EMPTY;
    used = true;
    return given;
  }

  @Override
  public String typeName() {
    return "Joiner";
  }

  @Override
  public boolean truth() {
    return true;
  }
}
