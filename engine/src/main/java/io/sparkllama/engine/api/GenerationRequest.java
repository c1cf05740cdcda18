package io.sparkllama.engine.api;

import java.util.Objects;
import java.util.Optional;

/**
 * Asks for one completion of a prompt.
 *
 * @param reasoning between which texts the model thinks, where that is to be told from its answer
 */
public record GenerationRequest(
    RowKey rowKey,
    Prompt prompt,
    SamplingParams sampling,
    OverlongPolicy overlong,
    Optional<ReasoningMarks> reasoning) {
  public GenerationRequest {
    Objects.requireNonNull(rowKey, "rowKey");
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(overlong, "overlong");
    Objects.requireNonNull(reasoning, "reasoning");
  }

  /** Asks for a completion whose text is all that the model writes. */
  public GenerationRequest(
      RowKey rowKey, Prompt prompt, SamplingParams sampling, OverlongPolicy overlong) {
    this(rowKey, prompt, sampling, overlong, Optional.empty());
  }
}
