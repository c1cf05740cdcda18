package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigInteger;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import java.util.stream.IntStream;

/** Holds values in order; never changed once made. */
record SequenceValue(Kind kind, List<TemplateValue> items) implements TemplateValue {
  private static final int MOST_RANGE_BITS = 256;

  /** Says which of Python's sequences it stands for. */
  enum Kind {
    LIST("list", true),
    TUPLE("tuple", true),
    /** A tuple whose two elements are also called {@code grouper} and {@code list}. */
    GROUP("tuple", true),
    RANGE("range", true),
    KEYS("dict_keys", false),
    VALUES("dict_values", false),
    ITEMS("dict_items", false);

    private final String typeName;
    private final boolean subscriptable;

    Kind(String typeName, boolean subscriptable) {
      this.typeName = typeName;
      this.subscriptable = subscriptable;
    }
  }

  static SequenceValue list(List<TemplateValue> items) {
    return new SequenceValue(Kind.LIST, items);
  }

  static SequenceValue tuple(List<TemplateValue> items) {
    return new SequenceValue(Kind.TUPLE, items);
  }

  /**
   * Makes a sequence of whole numbers that takes no memory.
   *
   * @throws TemplateException for numbers that are far larger than any that somebody counts to
   */
  static SequenceValue range(BigInteger start, BigInteger stop, BigInteger step, int count) {
    if (IntStream.of(start.bitLength(), stop.bitLength(), step.bitLength())
        .anyMatch(bits -> bits > MOST_RANGE_BITS)) {
      throw new TemplateException("the numbers of a range are too big");
    }
    return new SequenceValue(Kind.RANGE, new Progression(start, stop, step, count));
  }

  boolean isTuple() {
    return kind == Kind.TUPLE || kind == Kind.GROUP;
  }

  boolean isSubscriptable() {
    return kind.subscriptable;
  }

  int size() {
    return items.size();
  }

  @Override
  public String typeName() {
    return kind.typeName;
  }

  @Override
  public boolean truth() {
    return !items.isEmpty();
  }

  /** Counts from a start by a step. */
  static final class Progression extends AbstractList<TemplateValue> implements RandomAccess {
    private final BigInteger start;
    private final BigInteger stop;
    private final BigInteger step;
    private final int count;

    private Progression(BigInteger start, BigInteger stop, BigInteger step, int count) {
      this.start = start;
      this.stop = stop;
      this.step = step;
      this.count = count;
    }

    BigInteger start() {
      return start;
    }

    BigInteger step() {
      return step;
    }

    /** Returns the number that the range was told not to reach. */
    BigInteger stop() {
      return stop;
    }

    /** Returns the numbers between two places, at every so many places. */
    SequenceValue part(int first, int end, int every, int length) {
      BigInteger newStep = step.multiply(BigInteger.valueOf(every));
      return range(number(first), number(end), newStep, length);
    }

    /** Tells whether a number is one of the range's. */
    boolean holds(BigInteger number) {
      BigInteger distance = number.subtract(start);
      if (distance.bitLength() > step.bitLength() + Integer.SIZE) {
        return false; // beyond any range's end
      }
      BigInteger[] place = distance.divideAndRemainder(step);
      return place[1].signum() == 0
          && place[0].signum() >= 0
          && place[0].compareTo(BigInteger.valueOf(count)) < 0;
    }

    private BigInteger number(int index) {
      return start.add(step.multiply(BigInteger.valueOf(index)));
    }

    @Override
    public TemplateValue get(int index) {
      return new IntegerValue(number(index));
    }

    @Override
    public int size() {
      return count;
    }
  }
}
