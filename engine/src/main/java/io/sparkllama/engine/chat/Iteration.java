package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Goes through the elements of values: of strings their characters, of maps their keys. */
final class Iteration {
  private Iteration() {}

  static boolean isIterable(TemplateValue value) {
    return value instanceof SequenceValue
        || value instanceof StringValue
        || value instanceof MapValue
        || value instanceof IteratorValue
        || value instanceof LoopValue
        || value instanceof UndefinedValue;
  }

  /**
   * Returns the elements of a value; each costs a step. An iterator's are gone then.
   *
   * @throws TemplateException for values that have none
   */
  static Iterable<TemplateValue> of(Rendering rendering, TemplateValue value) {
    Iterator<TemplateValue> items = iterator(rendering, value);
    return () ->
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            // Lazy filters stand in each other, and each asks the one within.
            rendering.budget().enter(4);
            boolean has = items.hasNext();
            rendering.budget().leave(4);
            return has;
          }

          @Override
          public TemplateValue next() {
            rendering.budget().step();
            rendering.budget().enter(4);
            TemplateValue item = items.next();
            rendering.budget().leave(4);
            return item;
          }
        };
  }

  /** Returns the elements of a value as a list of its own. */
  static List<TemplateValue> list(Rendering rendering, TemplateValue value) {
    if (value instanceof SequenceValue sequence && sequence.kind() != SequenceValue.Kind.RANGE) {
      return sequence.items(); // nobody changes it
    }
    List<TemplateValue> items = new ArrayList<>();
    for (TemplateValue item : of(rendering, value)) {
      rendering.budget().elements(1);
      items.add(item);
    }
    return items;
  }

  private static Iterator<TemplateValue> iterator(Rendering rendering, TemplateValue value) {
    if (value instanceof SequenceValue sequence) {
      return sequence.items().iterator();
    }
    if (value instanceof MapValue map) {
      Iterator<MapValue.Entry> entries = map.entries().iterator();
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return entries.hasNext();
        }

        @Override
        public TemplateValue next() {
          return entries.next().key();
        }
      };
    }
    if (value instanceof StringValue string) {
      return new Characters(rendering, string.text());
    }
    if (value instanceof IteratorValue iterator) {
      return iterator.items();
    }
    if (value instanceof LoopValue loop) {
      return loop.rest();
    }
    if (value instanceof UndefinedValue) {
      return List.<TemplateValue>of().iterator();
    }
    throw new TemplateException("'" + value.typeName() + "' object is not iterable");
  }

  /** Gives the characters of a text as strings. */
  private static final class Characters implements Iterator<TemplateValue> {
    private final Rendering rendering;
    private final MarkedText text;
    private int at;

    Characters(Rendering rendering, MarkedText text) {
      this.rendering = rendering;
      this.text = text;
    }

    @Override
    public boolean hasNext() {
      return at < text.length();
    }

    @Override
    public TemplateValue next() {
      int end = at + Character.charCount(text.chars().codePointAt(at));
      MarkedText character = text.substring(at, end);
      rendering.budget().characters(8);
      at = end;
      return StringValue.of(character);
    }
  }
}
