package io.sparkllama.engine.chat;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;

/** Gives the elements that a test holds of; each is tested when somebody asks for it. */
final class FilteredIterator implements Iterator<TemplateValue> {
  private final Iterator<TemplateValue> items;
  private final Predicate<TemplateValue> test;
  private TemplateValue found; // null where the next one is still to be found

  FilteredIterator(Iterator<TemplateValue> items, Predicate<TemplateValue> test) {
    this.items = items;
    this.test = test;
  }

  @Override
  public boolean hasNext() {
    while (found == null && items.hasNext()) {
      TemplateValue item = items.next();
      found = test.test(item) ? item : null;
    }
    return found != null;
  }

  @Override
  public TemplateValue next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    TemplateValue item = found;
    found = null;
    return item;
  }
}
