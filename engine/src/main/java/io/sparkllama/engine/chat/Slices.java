package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Cuts parts out of sequences by start, stop and step, as Python's {@code [a:b:c]} does. */
final class Slices {
  private Slices() {}

  /**
   * Returns a slice.
   *
   * @param start {@code none} where it is left out, as {@code stop} and {@code step}
   */
  static TemplateValue of(
      Rendering rendering,
      TemplateValue object,
      TemplateValue start,
      TemplateValue stop,
      TemplateValue step) {
    if (object instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    if (object instanceof StringValue string) {
      MarkedText text = string.text();
      Bounds bounds = Bounds.of(text.codePoints(), start, stop, step);
      return string.with(text(rendering, text, bounds));
    }
    if (object instanceof SequenceValue sequence && sequence.isSubscriptable()) {
      return sequence(rendering, sequence, Bounds.of(sequence.size(), start, stop, step));
    }
    throw new TemplateException(
        object instanceof MapValue
            ? "unhashable type: 'slice'"
            : "'" + object.typeName() + "' object is not subscriptable");
  }

  /** Returns characters by their numbers as code points. */
  static MarkedText codePoints(Budget budget, MarkedText text, int start, int end) {
    if (text.isPlain()) {
      return text.substring(start, end);
    }
    budget.scan(end);
    int from = text.chars().offsetByCodePoints(0, start);
    return text.substring(from, text.chars().offsetByCodePoints(from, end - start));
  }

  /** Holds where a slice begins and ends, how it goes on, and how many elements it has. */
  private record Bounds(int start, int stop, int step, int count) {
    static Bounds of(int length, TemplateValue start, TemplateValue stop, TemplateValue step) {
      long by = step == NoneValue.NONE ? 1 : index(step);
      if (by == 0) {
        throw new TemplateException("slice step cannot be zero");
      }
      long low = by > 0 ? 0 : -1;
      long high = by > 0 ? length : length - 1L;
      long from = clip(start, length, low, high, by > 0 ? low : high);
      long to = clip(stop, length, low, high, by > 0 ? high : low);
      long distance = by > 0 ? to - from : from - to;
      long count = distance <= 0 ? 0 : (distance - 1) / Math.abs(by) + 1;
      int every = (int) Math.max(Math.min(by, Integer.MAX_VALUE), -Integer.MAX_VALUE);
      return new Bounds((int) from, (int) to, every, (int) count);
    }

    private static long clip(TemplateValue value, int length, long low, long high, long missing) {
      if (value == NoneValue.NONE) {
        return missing;
      }
      long index = index(value);
      return Math.max(low, Math.min(high, index < 0 ? index + length : index));
    }

    private static long index(TemplateValue value) {
      if (!NumberValues.isInteger(value)) {
        throw new TemplateException(
            "slice indices must be integers or None or have an __index__ method");
      }
      BigInteger number = NumberValues.integer(value);
      return number.bitLength() < 32 ? number.longValue() : number.signum() * (1L << 32);
    }
  }

  private static MarkedText text(Rendering rendering, MarkedText text, Bounds bounds) {
    if (bounds.step() == 1) {
      rendering.budget().characters(bounds.count());
      return codePoints(rendering.budget(), text, bounds.start(), bounds.start() + bounds.count());
    }
    int[] offsets = offsets(rendering, text);
    MarkedTextBuilder out = rendering.newText();
    for (int i = 0; i < bounds.count(); i++) {
      int place = bounds.start() + i * bounds.step();
      out.append(text, offsets[place], offsets[place + 1]);
    }
    return out.build();
  }

  /** Returns where each character begins, and the text's end. */
  private static int[] offsets(Rendering rendering, MarkedText text) {
    rendering.budget().characters(2L * text.length());
    int[] offsets = new int[text.codePoints() + 1];
    int at = 0;
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = at;
      at += at < text.length() ? Character.charCount(text.chars().codePointAt(at)) : 0;
    }
    return offsets;
  }

  private static TemplateValue sequence(
      Rendering rendering, SequenceValue sequence, Bounds bounds) {
    if (sequence.items() instanceof SequenceValue.Progression range) {
      return range.part(bounds.start(), bounds.stop(), bounds.step(), bounds.count());
    }
    rendering.budget().elements(bounds.count());
    List<TemplateValue> items = new ArrayList<>(bounds.count());
    for (int i = 0; i < bounds.count(); i++) {
      items.add(sequence.items().get(bounds.start() + i * bounds.step()));
    }
    return sequence.isTuple() ? SequenceValue.tuple(items) : SequenceValue.list(items);
  }
}
