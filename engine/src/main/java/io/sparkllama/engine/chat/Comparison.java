package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.List;

/** Compares values as Python does. */
final class Comparison {
  private Comparison() {}

  static boolean equal(Budget budget, TemplateValue left, TemplateValue right) {
    budget.step();
    if (left instanceof StringValue a && right instanceof StringValue b) {
      budget.scan(a.text().length());
      return a.chars().equals(b.chars());
    }
    if (NumberValues.isNumber(left) && NumberValues.isNumber(right)) {
      return areNumbersEqual(left, right);
    }
    if (left instanceof SequenceValue a && right instanceof SequenceValue b) {
      return areSequencesEqual(budget, a, b);
    }
    if (left instanceof MapValue a && right instanceof MapValue b) {
      return areMapsEqual(budget, a, b);
    }
    if (left instanceof UndefinedValue) {
      return right instanceof UndefinedValue;
    }
    return left == right;
  }

  /**
   * Tells which value comes first: negative for the left one.
   *
   * @param operator for the message where two values have no order
   */
  static int order(Budget budget, String operator, TemplateValue left, TemplateValue right) {
    budget.step();
    if (NumberValues.isNumber(left) && NumberValues.isNumber(right)) {
      return numbers(left, right);
    }
    if (left instanceof StringValue a && right instanceof StringValue b) {
      budget.scan(Math.min(a.text().length(), b.text().length()));
      return strings(a.chars(), b.chars());
    }
    if (left instanceof SequenceValue a
        && right instanceof SequenceValue b
        && (a.isTuple() ? b.isTuple() : isList(a) && isList(b))) {
      return sequences(budget, operator, a, b);
    }
    if (left instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    if (right instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    throw new TemplateException(
        "'"
            + operator
            + "' not supported between instances of '"
            + left.typeName()
            + "' and '"
            + right.typeName()
            + "'");
  }

  /** Tells whether an order comparison holds; nothing holds of a number that is none. */
  static boolean holds(Budget budget, String operator, TemplateValue left, TemplateValue right) {
    int order = order(budget, operator, left, right);
    if (isNan(left) || isNan(right)) {
      return false;
    }
    return switch (operator) {
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      case ">=" -> order >= 0;
      default -> throw new IllegalArgumentException("No order comparison: " + operator);
    };
  }

  /** Tells whether a container holds an item: {@code item in container}. */
  static boolean contains(Rendering rendering, TemplateValue container, TemplateValue item) {
    Budget budget = rendering.budget();
    if (container instanceof StringValue text) {
      if (item instanceof UndefinedValue || !(item instanceof StringValue)) {
        throw new TemplateException(
            "'in <string>' requires string as left operand, not " + item.typeName());
      }
      String sought = ((StringValue) item).chars();
      return new TextPattern(budget, sought).first(text.chars(), 0) >= 0;
    }
    if (container instanceof MapValue map) {
      return map.get(budget, item) != null;
    }
    if (container instanceof SequenceValue sequence
        && sequence.kind() == SequenceValue.Kind.RANGE
        && item instanceof IntegerValue number) {
      return ((SequenceValue.Progression) sequence.items()).holds(number.value());
    }
    if (container instanceof UndefinedValue) {
      return false;
    }
    if (!Iteration.isIterable(container)) {
      throw new TemplateException(
          "argument of type '" + container.typeName() + "' is not iterable");
    }
    for (TemplateValue element : Iteration.of(rendering, container)) {
      if (element == item || equal(budget, element, item)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Sorts by keys, equal ones in their order; a comparison per step of a merge sort, so that keys
   * without a total order do no harm.
   */
  static <T> List<T> sorted(
      Budget budget, List<T> items, List<TemplateValue> keys, boolean reverse) {
    int[] places = new int[items.size()];
    for (int i = 0; i < places.length; i++) {
      places[i] = i;
    }
    budget.elements(2L * places.length);
    mergeSort(budget, keys, places, new int[places.length], 0, places.length, reverse);
    List<T> sorted = new ArrayList<>(places.length);
    for (int place : places) {
      sorted.add(items.get(place));
    }
    return sorted;
  }

  private static void mergeSort(
      Budget budget,
      List<TemplateValue> keys,
      int[] places,
      int[] room,
      int start,
      int end,
      boolean reverse) {
    if (end - start < 2) {
      return;
    }
    int middle = (start + end) >>> 1;
    mergeSort(budget, keys, places, room, start, middle, reverse);
    mergeSort(budget, keys, places, room, middle, end, reverse);
    System.arraycopy(places, start, room, start, end - start);
    int left = start;
    int right = middle;
    for (int i = start; i < end; i++) {
      boolean takesRight = left == middle;
      if (!takesRight && right < end) {
        TemplateValue a = keys.get(room[left]);
        TemplateValue b = keys.get(room[right]);
        takesRight = reverse ? holds(budget, "<", a, b) : holds(budget, "<", b, a);
      }
      places[i] = takesRight ? room[right++] : room[left++];
    }
  }

  private static boolean areNumbersEqual(TemplateValue left, TemplateValue right) {
    return !isNan(left) && !isNan(right) && numbers(left, right) == 0;
  }

  private static int numbers(TemplateValue left, TemplateValue right) {
    if (NumberValues.isInteger(left) && NumberValues.isInteger(right)) {
      return NumberValues.integer(left).compareTo(NumberValues.integer(right));
    }
    if (left instanceof FloatValue a && right instanceof FloatValue b) {
      return a.value() == b.value() ? 0 : Double.compare(a.value(), b.value());
    }
    if (left instanceof FloatValue a) {
      return -numbers(right, a);
    }
    double number = ((FloatValue) right).value();
    if (Double.isNaN(number) || Double.isInfinite(number)) {
      return number > 0 ? -1 : 1;
    }
    double floor = Math.floor(number);
    int order = NumberValues.integer(left).compareTo(NumberValues.toInteger(floor));
    return order != 0 ? order : Double.compare(floor, number);
  }

  private static boolean isNan(TemplateValue value) {
    return value instanceof FloatValue number && Double.isNaN(number.value());
  }

  /** Compares by code points, where Java compares halves of pairs. */
  private static int strings(String left, String right) {
    int shorter = Math.min(left.length(), right.length());
    for (int i = 0; i < shorter; i++) {
      char a = left.charAt(i);
      char b = right.charAt(i);
      if (a != b) {
        boolean pairs = Character.isSurrogate(a) != Character.isSurrogate(b);
        return pairs ? (Character.isSurrogate(a) ? 1 : -1) : Character.compare(a, b);
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  private static boolean isList(SequenceValue value) {
    return value.kind() == SequenceValue.Kind.LIST;
  }

  private static int sequences(
      Budget budget, String operator, SequenceValue left, SequenceValue right) {
    budget.enter(2);
    int shorter = Math.min(left.size(), right.size());
    for (int i = 0; i < shorter; i++) {
      TemplateValue a = left.items().get(i);
      TemplateValue b = right.items().get(i);
      if (!equal(budget, a, b)) {
        int order = order(budget, operator, a, b);
        budget.leave(2);
        return order;
      }
    }
    budget.leave(2);
    return Integer.compare(left.size(), right.size());
  }

  private static boolean areSequencesEqual(Budget budget, SequenceValue a, SequenceValue b) {
    boolean comparable = a.isTuple() ? b.isTuple() : a.kind() == b.kind();
    if (a == b) {
      return true;
    }
    if (!comparable || a.size() != b.size()) {
      return false;
    }
    budget.enter(2);
    budget.scan(a.size());
    boolean same = true;
    for (int i = 0; same && i < a.size(); i++) {
      TemplateValue x = a.items().get(i);
      TemplateValue y = b.items().get(i);
      same = x == y || equal(budget, x, y);
    }
    budget.leave(2);
    return same;
  }

  private static boolean areMapsEqual(Budget budget, MapValue a, MapValue b) {
    if (a == b) {
      return true;
    }
    if (a.size() != b.size()) {
      return false;
    }
    budget.enter(2);
    boolean same = true;
    for (MapValue.Entry entry : a.entries()) {
      TemplateValue other = b.get(budget, entry.key());
      same = other != null && (other == entry.value() || equal(budget, entry.value(), other));
      if (!same) {
        break;
      }
    }
    budget.leave(2);
    return same;
  }
}
