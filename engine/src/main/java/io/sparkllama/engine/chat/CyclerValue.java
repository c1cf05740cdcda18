package io.sparkllama.engine.chat;

import java.util.List;

/** Gives its values in turn. */
final class CyclerValue implements TemplateValue {
  private final List<TemplateValue> items; // not empty
  private int position;

  CyclerValue(List<TemplateValue> items) {
    this.items = items;
  }

  TemplateValue current() {
    return items.get(position);
  }

  TemplateValue next() {
    TemplateValue value = current();
    position = (position + 1) % items.size();
    return value;
  }

  void reset() {
    position = 0;
  }

  @Override
  public String typeName() {
    return "Cycler";
  }

  @Override
  public boolean truth() {
    return true;
  }
}
