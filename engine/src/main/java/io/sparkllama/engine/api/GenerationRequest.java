package io.sparkllama.engine.api;

import java.util.Objects;
import java.util.Optional;

/**
 * Asks for one completion of a prompt.
 *
 * @param reasoning between which texts the model thinks, where that is to be told from its answer
 * @param adapter the name of one that the engine has; empty takes the model as it is
 */
public record GenerationRequest(
    RowKey rowKey,
    Prompt prompt,
    SamplingParams sampling,
    OverlongPolicy overlong,
    Optional<ReasoningMarks> reasoning,
    Optional<String> adapter) {
  public GenerationRequest {
    Objects.requireNonNull(rowKey, "rowKey");
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(overlong, "overlong");
    Objects.requireNonNull(reasoning, "reasoning");
    Objects.requireNonNull(adapter, "adapter");
  }

  /** Asks for a completion whose text is all that the model writes. */
  public GenerationRequest(
      RowKey rowKey, Prompt prompt, SamplingParams sampling, OverlongPolicy overlong) {
    this(rowKey, prompt, sampling, overlong, Optional.empty(), Optional.empty());
  }

  /** Asks the model as it is. */
  public GenerationRequest(
      RowKey rowKey,
      Prompt prompt,
      SamplingParams sampling,
      OverlongPolicy overlong,
      Optional<ReasoningMarks> reasoning) {
    this(rowKey, prompt, sampling, overlong, reasoning, Optional.empty());
  }

  /** Asks the same of the model with an adapter. */
  public GenerationRequest withAdapter(Optional<String> name) {
    return new GenerationRequest(rowKey, prompt, sampling, overlong, reasoning, name);
  }
}
