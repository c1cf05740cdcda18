package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;

/** Gives lists, tuples and ranges their methods and attributes. */
final class SequenceMethods {
  private SequenceMethods() {}

  /** Returns a sequence's method or attribute, or null where it has none of that name. */
  static TemplateValue find(SequenceValue self, String name) {
    if (!self.isSubscriptable()) {
      return null;
    }
    SequenceValue.Kind kind = self.kind();
    return switch (name) {
      case "count" ->
          CallableValue.method(name, (rendering, given) -> count(rendering, self, given));
      case "index" ->
          CallableValue.method(name, (rendering, given) -> index(rendering, self, given));
      case "copy" ->
          kind == SequenceValue.Kind.LIST
              ? CallableValue.method(name, (rendering, given) -> self)
              : null;
      case "grouper" -> kind == SequenceValue.Kind.GROUP ? self.items().get(0) : null;
      case "list" -> kind == SequenceValue.Kind.GROUP ? self.items().get(1) : null;
      case "start", "stop", "step" ->
          self.items() instanceof SequenceValue.Progression range
              ? new IntegerValue(
                  name.equals("start")
                      ? range.start()
                      : name.equals("stop") ? range.stop() : range.step())
              : null;
      default -> null;
    };
  }

  private static TemplateValue count(Rendering rendering, SequenceValue self, Arguments arguments) {
    TemplateValue sought = arguments.bind("count", 1, "value")[0];
    long count = 0;
    for (TemplateValue item : self.items()) {
      count += Comparison.equal(rendering.budget(), item, sought) ? 1 : 0;
    }
    return IntegerValue.of(count);
  }

  private static TemplateValue index(Rendering rendering, SequenceValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("index", 1, "value", "start", "stop");
    int start = bound(bound[1], self.size(), 0);
    int stop = Math.min(self.size(), bound(bound[2], self.size(), self.size()));
    for (int i = start; i < stop; i++) {
      if (Comparison.equal(rendering.budget(), self.items().get(i), bound[0])) {
        return IntegerValue.of(i);
      }
    }
    throw TemplateException.quoting(
        Representation.quotedText(rendering.budget(), bound[0]).chars()
            + " is not in "
            + self.typeName());
  }

  private static int bound(TemplateValue value, int size, int missing) {
    if (value == null) {
      return missing;
    }
    int index = NumberValues.index(value);
    return index < 0 ? Math.max(0, index + size) : index;
  }
}
