package io.sparkllama.engine.api;

import java.io.Serializable;
import java.util.Objects;

/**
 * Names the texts between which a model writes what it thinks before it answers.
 *
 * @param begin such as {@code <think>}
 * @param end such as {@code </think>}
 */
public record ReasoningMarks(String begin, String end) implements Serializable {
  public ReasoningMarks {
    Objects.requireNonNull(begin, "begin");
    Objects.requireNonNull(end, "end");
  }
}
