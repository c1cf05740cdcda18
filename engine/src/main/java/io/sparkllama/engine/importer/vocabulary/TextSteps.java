package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Lists the steps of a tokenizer.json's normalizer, pre-tokenizer or decoder, one by one. */
final class TextSteps {
  private TextSteps() {}

  /**
   * Returns the steps under a name; a sequence of them is taken apart.
   *
   * @param field what a sequence calls its list, for example {@code normalizers}
   */
  static List<JsonObject> of(JsonObject tokenizer, String name, String field) {
    return tokenizer.optionalObject(name).map(step -> flat(step, field).toList()).orElse(List.of());
  }

  private static Stream<JsonObject> flat(JsonObject step, String field) {
    return step.text("type").equals("Sequence")
        ? step.objects(field).stream().flatMap(inner -> flat(inner, field))
        : Stream.of(step);
  }

  static boolean hasType(List<JsonObject> steps, String type) {
    return steps.stream().anyMatch(step -> step.text("type").equals(type));
  }

  /**
   * Returns what a step looks for, with its kind before it: {@code Regex:…} or {@code String:…}.
   */
  static String pattern(JsonObject step) {
    JsonObject pattern = step.object("pattern");
    Optional<String> regex = pattern.optionalText("Regex");
    return regex.isPresent() ? "Regex:" + regex.get() : "String:" + pattern.text("String");
  }
}
