package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds what an element is sorted, grouped or picked by: a path such as {@code address.city}, or
 * the element itself.
 *
 * @param path names and indices, one within the other
 * @param missing what stands for a part that is not there; null where nothing does
 */
record ElementKey(List<TemplateValue> path, TemplateValue missing) {

  /**
   * Reads a filter's parameter {@code attribute}.
   *
   * @param attribute a string, a whole number, or null or {@code none} for the element itself
   */
  static ElementKey of(Budget budget, TemplateValue attribute) {
    if (attribute == null || attribute == NoneValue.NONE) {
      return new ElementKey(List.of(), null);
    }
    return attribute instanceof StringValue name
        ? new ElementKey(parts(budget, name.text()), null)
        : new ElementKey(List.of(attribute), null);
  }

  /** Reads a parameter that may name several paths with commas between. */
  static List<ElementKey> list(Budget budget, TemplateValue attribute) {
    if (!(attribute instanceof StringValue names)) {
      return List.of(of(budget, attribute));
    }
    List<ElementKey> keys = new ArrayList<>();
    for (MarkedText name : pieces(budget, names.text(), ',')) {
      keys.add(new ElementKey(parts(budget, name), null));
    }
    return keys;
  }

  /** Returns the same key with a value for what is missing. */
  ElementKey orElse(TemplateValue value) {
    return new ElementKey(path, value == NoneValue.NONE ? null : value);
  }

  private static List<TemplateValue> parts(Budget budget, MarkedText name) {
    List<TemplateValue> parts = new ArrayList<>();
    for (MarkedText piece : pieces(budget, name, '.')) {
      String part = piece.chars();
      boolean number = !part.isEmpty() && part.chars().allMatch(c -> c >= '0' && c <= '9');
      if (number && part.length() > 9) {
        throw TemplateException.quoting("An index is too large: " + part);
      }
      parts.add(number ? IntegerValue.of(Integer.parseInt(part)) : StringValue.of(piece));
    }
    return parts;
  }

  private static List<MarkedText> pieces(Budget budget, MarkedText text, char separator) {
    budget.characters(text.length());
    List<MarkedText> pieces = new ArrayList<>();
    int start = 0;
    for (int end = text.chars().indexOf(separator);
        end >= 0;
        end = text.chars().indexOf(separator, start)) {
      budget.elements(4);
      pieces.add(text.substring(start, end));
      start = end + 1;
    }
    pieces.add(text.substring(start));
    return pieces;
  }

  /** Returns the key of an element. */
  TemplateValue of(Rendering rendering, TemplateValue element) {
    TemplateValue value = element;
    for (TemplateValue part : path) {
      value = Attributes.element(rendering, value, part);
      if (missing != null && value instanceof UndefinedValue) {
        value = missing;
      }
    }
    return value;
  }
}
