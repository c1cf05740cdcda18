package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.Set;

/**
 * Finds what stands behind a dot, or in brackets, as Jinja's immutable sandbox does: a dot asks for
 * a method first and for a key then, brackets the other way round.
 */
final class Attributes {
  /** What every Python object has and no template may touch. */
  private static final Set<String> INTERNAL =
      Set.of(
          "__class__",
          "__delattr__",
          "__dir__",
          "__doc__",
          "__eq__",
          "__format__",
          "__ge__",
          "__getattribute__",
          "__getstate__",
          "__gt__",
          "__hash__",
          "__init__",
          "__init_subclass__",
          "__le__",
          "__lt__",
          "__ne__",
          "__new__",
          "__reduce__",
          "__reduce_ex__",
          "__repr__",
          "__setattr__",
          "__sizeof__",
          "__str__",
          "__subclasshook__");

  private static final Set<String> CONTAINER_INTERNAL =
      Set.of(
          "__contains__",
          "__getitem__",
          "__iter__",
          "__len__",
          "__setitem__",
          "__delitem__",
          "__add__",
          "__mul__",
          "__reversed__",
          "__or__");

  private static final Set<String> MAP_CHANGES =
      Set.of("clear", "pop", "popitem", "setdefault", "update");
  private static final Set<String> LIST_CHANGES =
      Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

  private Attributes() {}

  /** Returns {@code object.name}. */
  static TemplateValue attribute(TemplateValue object, String name) {
    if (object instanceof UndefinedValue && INTERNAL.contains(name)) {
      return unsafe(object, name);
    }
    requireDefined(object);
    TemplateValue found = own(object, name);
    if (found == null && object instanceof MapValue map) {
      found = map.get(name);
    }
    return found == null ? UndefinedValue.ofAttribute(object, name) : found;
  }

  /** Returns {@code object|attr(name)}: a method or the like, but no key. */
  static TemplateValue ownAttribute(TemplateValue object, MarkedText name) {
    requireDefined(object);
    TemplateValue found = own(object, name.chars());
    return found == null ? UndefinedValue.ofAttribute(object, name) : found;
  }

  /** Returns {@code object[key]}. */
  static TemplateValue element(Rendering rendering, TemplateValue object, TemplateValue key) {
    requireDefined(object);
    TemplateValue found = null;
    if (object instanceof MapValue map) {
      found = isHashable(key) ? map.get(rendering.budget(), key) : null;
    } else if (NumberValues.isInteger(key)) {
      found = at(rendering, object, NumberValues.index(key));
    }
    if (found == null && key instanceof StringValue name) {
      found = own(object, name.chars());
    }
    if (found != null) {
      return found;
    }
    return UndefinedValue.ofKey(rendering.budget(), object, key);
  }

  private static boolean isHashable(TemplateValue key) {
    return !(key instanceof MapValue)
        && !(key instanceof SequenceValue sequence && !sequence.isTuple());
  }

  private static void requireDefined(TemplateValue object) {
    if (object instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
  }

  /** Returns the element at an index, from the end where it is negative, or null. */
  private static TemplateValue at(Rendering rendering, TemplateValue object, int index) {
    if (object instanceof SequenceValue sequence && sequence.isSubscriptable()) {
      int place = index < 0 ? index + sequence.size() : index;
      return place >= 0 && place < sequence.size() ? sequence.items().get(place) : null;
    }
    if (object instanceof StringValue string) {
      MarkedText text = string.text();
      int length = text.codePoints();
      int place = index < 0 ? index + length : index;
      return place >= 0 && place < length
          ? string.with(Slices.codePoints(rendering.budget(), text, place, place + 1))
          : null;
    }
    return null;
  }

  /** Returns what a value has itself, such as a method, or null. */
  private static TemplateValue own(TemplateValue object, String name) {
    if (object instanceof NamespaceValue namespace) {
      TemplateValue attribute = namespace.get(name);
      return attribute == null && isInternal(object, name) ? unsafe(object, name) : attribute;
    }
    if (isInternal(object, name) || changes(object, name)) {
      return unsafe(object, name);
    }
    if (object instanceof StringValue string) {
      return StringMethods.find(string, name);
    }
    if (object instanceof MapValue map) {
      return MapMethods.find(map, name);
    }
    if (object instanceof SequenceValue sequence) {
      return SequenceMethods.find(sequence, name);
    }
    if (object instanceof LoopValue loop) {
      return loop.attribute(name);
    }
    if (object instanceof CallableValue callable) {
      return callable.attributes().get(name);
    }
    if (object instanceof CyclerValue cycler) {
      return cyclerAttribute(cycler, name);
    }
    return NumberValues.isNumber(object) ? numberAttribute(object, name) : null;
  }

  private static boolean isInternal(TemplateValue object, String name) {
    return INTERNAL.contains(name)
        || (CONTAINER_INTERNAL.contains(name)
            && (object instanceof StringValue
                || object instanceof MapValue
                || object instanceof SequenceValue));
  }

  private static boolean changes(TemplateValue object, String name) {
    return object instanceof MapValue && MAP_CHANGES.contains(name)
        || object instanceof SequenceValue sequence
            && sequence.kind() == SequenceValue.Kind.LIST
            && LIST_CHANGES.contains(name);
  }

  private static UndefinedValue unsafe(TemplateValue object, String name) {
    return new UndefinedValue(
        () ->
            String.format(
                "access to attribute %s of %s object is unsafe.",
                Representation.quoted(name), Representation.quoted(object.typeName())));
  }

  private static TemplateValue cyclerAttribute(CyclerValue cycler, String name) {
    return switch (name) {
      case "current" -> cycler.current();
      case "next" -> CallableValue.method(name, (rendering, arguments) -> cycler.next());
      case "reset" ->
          CallableValue.method(
              name,
              (rendering, arguments) -> {
                cycler.reset();
                return NoneValue.NONE;
              });
      default -> null;
    };
  }

  private static TemplateValue numberAttribute(TemplateValue number, String name) {
    boolean whole = NumberValues.isInteger(number);
    return switch (name) {
      case "real" -> whole ? new IntegerValue(NumberValues.integer(number)) : number;
      case "imag" -> whole ? IntegerValue.ZERO : new FloatValue(0);
      case "numerator" -> whole ? new IntegerValue(NumberValues.integer(number)) : null;
      case "denominator" -> whole ? IntegerValue.of(1) : null;
      case "bit_length" ->
          whole
              ? CallableValue.method(
                  name,
                  (rendering, arguments) ->
                      IntegerValue.of(NumberValues.integer(number).abs().bitLength()))
              : null;
      case "is_integer" ->
          whole
              ? null
              : CallableValue.method(
                  name,
                  (rendering, arguments) ->
                      BooleanValue.of(NumberValues.isWhole(NumberValues.real(number))));
      default -> null;
    };
  }

  /** Calls a value. */
  static TemplateValue call(Rendering rendering, TemplateValue called, Arguments arguments) {
    if (called instanceof CallableValue callable) {
      return callable.body().call(rendering, arguments);
    }
    if (called instanceof LoopValue loop) {
      return loop.call(rendering, arguments);
    }
    if (called instanceof JoinerValue joiner) {
      return joiner.next();
    }
    requireDefined(called);
    throw new TemplateException("'" + called.typeName() + "' object is not callable");
  }

  static boolean isCallable(TemplateValue value) {
    return value instanceof CallableValue
        || value instanceof LoopValue
        || value instanceof JoinerValue
        || value instanceof UndefinedValue;
  }
}
