package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.job.division.DocumentDivider;
import io.sparkllama.job.division.PartMeasure;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Is the document of a row: of the prompt's columns the one with the longest text, the first of
 * equals.
 *
 * @param values of all columns, by name
 */
record LongDocument(String column, String text, Map<String, Object> values) {

  /** Finds a row's document; nothing where no column holds a text. */
  static Optional<LongDocument> of(RowPrompt prompt, Map<String, Object> values) {
    LongDocument longest = null;
    for (String name : prompt.names()) {
      if (values.get(name) instanceof String text
          && (longest == null || text.length() > longest.text().length())) {
        longest = new LongDocument(name, text, values);
      }
    }
    return Optional.ofNullable(longest);
  }

  /** Returns the row's values with a text in the document's place. */
  Map<String, Object> with(String newText) {
    Map<String, Object> changed = new HashMap<>(values);
    changed.put(column, newText);
    return changed;
  }

  /**
   * Divides a row's document; whatever cannot be divided stays whole, and the engine then says what
   * is wrong with it.
   *
   * @return the values of each part's prompt
   * @throws io.sparkllama.engine.api.TemplateException where the prompt refuses the row
   */
  static List<Map<String, Object>> parts(
      PartTask<?> task, EngineCalls engine, Map<String, Object> values) {
    Optional<LongDocument> document = of(task.prompt(), values);
    if (document.isEmpty()) {
      return List.of(values);
    }
    LongDocument found = document.get();
    PartMeasure measure =
        measure(task.room(engine), engine, text -> task.prompt().render(found.with(text)));
    try {
      return new DocumentDivider(measure)
          .divide(found.text())
          .filter(parts -> parts.size() > 1)
          .map(parts -> parts.stream().map(found::with).toList())
          .orElse(List.of(values));
    } catch (InvalidTextException inexpressible) {
      return List.of(values); // the engine finds the same, and makes the row's error of it
    }
  }

  /** Measures the prompts that texts make. */
  static PartMeasure measure(
      PromptRoom room, EngineCalls engine, Function<String, Prompt> rendering) {
    return new PartMeasure() {
      @Override
      public int promptTokens(String text) {
        return room.tokens(rendering.apply(text));
      }

      @Override
      public int textTokens(String text) {
        return engine.tokens(Prompt.ofData(text)).length;
      }

      @Override
      public int limit(int otherTokens) {
        return room.limit(otherTokens);
      }
    };
  }
}
