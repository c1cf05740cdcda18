package io.sparkllama.engine.api;

import java.util.Objects;

/** Asks for one completion of a prompt. */
public record GenerationRequest(
    RowKey rowKey, Prompt prompt, SamplingParams sampling, OverlongPolicy overlong) {
  public GenerationRequest {
    Objects.requireNonNull(rowKey, "rowKey");
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(sampling, "sampling");
    Objects.requireNonNull(overlong, "overlong");
  }
}
