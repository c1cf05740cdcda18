package io.sparkllama.engine.api;

import java.io.Serializable;
import java.util.List;

/**
 * Says what an answer may be. The whole text of an answer then matches, or the row has an error.
 *
 * <p>An answer ends where nothing else may follow, at an end token where the text matches, and with
 * its last token at the latest: near there only what can still be closed in time is chosen.
 */
public sealed interface AnswerConstraint extends Serializable {
  /**
   * Allows the texts that a regular expression matches from end to end, in the dialect of {@code
   * docs/constraints.md}.
   */
  record Regex(String expression) implements AnswerConstraint {}

  /** Allows some texts and no others. */
  record Choices(List<String> texts) implements AnswerConstraint {
    public Choices {
      texts = List.copyOf(texts);
    }
  }
}
