package io.sparkllama.engine.api;

import java.util.Objects;

/**
 * Asks for the log-likelihood of a continuation after a context. Both are tokenized together and
 * cut at the length of the context's own tokens, with the context's trailing spaces moved into the
 * continuation.
 */
public record ScoreRequest(Prompt context, Prompt continuation) {
  public ScoreRequest {
    Objects.requireNonNull(context, "context");
    Objects.requireNonNull(continuation, "continuation");
  }
}
