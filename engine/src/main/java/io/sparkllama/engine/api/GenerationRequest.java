package io.sparkllama.engine.api;

import java.util.Objects;
import java.util.Optional;

/**
 * Asks for one completion of a prompt.
 *
 * @param reasoning between which texts the model thinks, where that is to be told from its answer
 * @param constraint what the answer may be; it has no stop strings or tokens beside it, and no
 *     reasoning
 * @param adapter the name of one that the engine has; empty takes the model as it is
 */
public record GenerationRequest(
    RowKey rowKey,
    Prompt prompt,
    SamplingParams sampling,
    OverlongPolicy overlong,
    Optional<ReasoningMarks> reasoning,
    Optional<AnswerConstraint> constraint,
    Optional<String> adapter) {
  public GenerationRequest {
    Objects.requireNonNull(rowKey, "rowKey");
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(overlong, "overlong");
    Objects.requireNonNull(reasoning, "reasoning");
    Objects.requireNonNull(constraint, "constraint");
    Objects.requireNonNull(adapter, "adapter");
    if (constraint.isPresent()
        && !(sampling.stopStrings().isEmpty()
            && sampling.stopTokens().isEmpty()
            && reasoning.isEmpty())) {
      throw new IllegalArgumentException(
          "A constraint says itself where an answer begins and ends: leave out stop strings, stop"
              + " tokens and marks of reasoning");
    }
  }

  /** Asks the model as it is for a completion that may be anything. */
  public GenerationRequest(
      RowKey rowKey,
      Prompt prompt,
      SamplingParams sampling,
      OverlongPolicy overlong,
      Optional<ReasoningMarks> reasoning) {
    this(rowKey, prompt, sampling, overlong, reasoning, Optional.empty(), Optional.empty());
  }

  /** Asks for a completion whose text is all that the model writes. */
  public GenerationRequest(
      RowKey rowKey, Prompt prompt, SamplingParams sampling, OverlongPolicy overlong) {
    this(rowKey, prompt, sampling, overlong, Optional.empty());
  }

  /** Asks the same of the model with an adapter. */
  public GenerationRequest withAdapter(Optional<String> name) {
    return new GenerationRequest(rowKey, prompt, sampling, overlong, reasoning, constraint, name);
  }

  /** Returns the same request for an answer within a constraint. */
  public GenerationRequest within(AnswerConstraint allowed) {
    return new GenerationRequest(
        rowKey, prompt, sampling, overlong, reasoning, Optional.of(allowed), adapter);
  }
}
