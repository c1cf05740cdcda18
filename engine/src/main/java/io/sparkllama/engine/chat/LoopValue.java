package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/** Tells a loop's body where the loop stands: the variable {@code loop}. */
final class LoopValue implements TemplateValue {
  /** Renders the loop's body over an inner sequence, for loops marked {@code recursive}. */
  interface Recursion {
    TemplateValue render(Rendering rendering, TemplateValue items, int depth);
  }

  private final Budget budget;
  private final Iterator<TemplateValue> source;
  private final Deque<TemplateValue> ahead = new ArrayDeque<>(); // taken before their turn
  private final int depth;
  private final Optional<Recursion> recursion;
  private int index = -1;
  private TemplateValue current; // null before the first turn
  private TemplateValue before; // null up to the first turn
  private List<TemplateValue> lastChanged; // null before the first call

  /**
   * Begins a loop before its first item. Items are taken from the source no sooner than their turn
   * comes, unless the template asks for what is ahead.
   *
   * @param depth from 0
   */
  LoopValue(
      Budget budget, Iterator<TemplateValue> source, int depth, Optional<Recursion> recursion) {
    budget.elements(4);
    this.budget = budget;
    this.source = source;
    this.depth = depth;
    this.recursion = recursion;
  }

  /** Goes to the next item; returns false where there is none. */
  boolean advance() {
    if (!seesNext()) {
      return false;
    }
    before = current;
    current = ahead.remove();
    index++;
    return true;
  }

  TemplateValue current() {
    return current;
  }

  /** Gives the items that are left, each with the loop: they are gone for the loop itself then. */
  Iterator<TemplateValue> rest() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return seesNext();
      }

      @Override
      public TemplateValue next() {
        if (!advance()) {
          throw new NoSuchElementException();
        }
        return SequenceValue.tuple(List.of(current, LoopValue.this));
      }
    };
  }

  private boolean seesNext() {
    if (ahead.isEmpty() && source.hasNext()) {
      ahead.add(source.next());
    }
    return !ahead.isEmpty();
  }

  /** Returns an attribute, or null where there is none of that name. */
  TemplateValue attribute(String name) {
    return switch (name) {
      case "index" -> IntegerValue.of(index + 1L);
      case "index0" -> IntegerValue.of(index);
      case "revindex" -> IntegerValue.of(length() - (long) index);
      case "revindex0" -> IntegerValue.of(length() - index - 1L);
      case "first" -> BooleanValue.of(index == 0);
      case "last" -> BooleanValue.of(!seesNext());
      case "length" -> IntegerValue.of(length());
      case "depth" -> IntegerValue.of(depth + 1L);
      case "depth0" -> IntegerValue.of(depth);
      case "previtem" -> before == null ? new UndefinedValue("there is no previous item") : before;
      case "nextitem" -> seesNext() ? ahead.peek() : new UndefinedValue("there is no next item");
      case "cycle" -> CallableValue.method(name, (rendering, arguments) -> cycle(arguments));
      case "changed" -> CallableValue.method(name, this::changed);
      default -> null;
    };
  }

  /** Renders the body over an inner sequence. */
  TemplateValue call(Rendering rendering, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("loop", 1, "iterable");
    return recursion
        .orElseThrow(
            () ->
                new TemplateException(
                    "The loop must have the 'recursive' marker to be called recursively."))
        .render(rendering, bound[0], depth + 1);
  }

  private TemplateValue cycle(Arguments arguments) {
    List<TemplateValue> values = arguments.positional();
    if (values.isEmpty()) {
      throw new TemplateException("no items for cycling given");
    }
    return values.get(index % values.size());
  }

  private TemplateValue changed(Rendering rendering, Arguments arguments) {
    List<TemplateValue> values = arguments.positional();
    boolean same =
        lastChanged != null
            && Comparison.equal(
                rendering.budget(), SequenceValue.tuple(lastChanged), SequenceValue.tuple(values));
    lastChanged = values;
    return BooleanValue.of(!same);
  }

  int index() {
    return index;
  }

  /** Returns the number of items, all of which are taken from the source for that. */
  int length() {
    while (source.hasNext()) {
      budget.elements(1);
      ahead.add(source.next());
    }
    return index + 1 + ahead.size();
  }

  @Override
  public String typeName() {
    return "LoopContext";
  }

  @Override
  public boolean truth() {
    return length() > 0;
  }
}
