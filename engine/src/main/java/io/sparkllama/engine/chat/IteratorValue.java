package io.sparkllama.engine.chat;

import java.util.Iterator;

/**
 * Holds values that come one by one and only once, as the filters {@code map}, {@code select} and
 * their like give them: nothing is computed before somebody asks.
 */
record IteratorValue(String typeName, Iterator<TemplateValue> items) implements TemplateValue {
  static IteratorValue generator(Budget budget, Iterator<TemplateValue> items) {
    budget.elements(4);
    return new IteratorValue("generator", items);
  }

  @Override
  public boolean truth() {
    return true;
  }
}
