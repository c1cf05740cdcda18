package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.List;

/** Takes values apart, as {@code {% for key, value in … %}} does. */
final class Unpacking {
  private Unpacking() {}

  /**
   * Returns the parts of a value.
   *
   * @throws TemplateException where it has not so many
   */
  static List<TemplateValue> parts(Rendering rendering, TemplateValue value, int count) {
    if (!Iteration.isIterable(value)) {
      throw new TemplateException("cannot unpack non-iterable " + value.typeName() + " object");
    }
    List<TemplateValue> parts = Iteration.list(rendering, value);
    if (parts.size() < count) {
      throw new TemplateException(
          "not enough values to unpack (expected " + count + ", got " + parts.size() + ")");
    }
    if (parts.size() > count) {
      throw new TemplateException("too many values to unpack (expected " + count + ")");
    }
    return parts;
  }
}
