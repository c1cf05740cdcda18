package io.sparkllama.engine.api;

import java.util.Objects;
import java.util.Optional;

/**
 * Asks for the log-likelihood of a continuation after a context. Both are tokenized together and
 * cut at the length of the context's own tokens, with the context's trailing spaces moved into the
 * continuation.
 *
 * @param adapter the name of one that the engine has; empty takes the model as it is
 */
public record ScoreRequest(Prompt context, Prompt continuation, Optional<String> adapter) {
  public ScoreRequest {
    Objects.requireNonNull(context, "context");
    Objects.requireNonNull(continuation, "continuation");
    Objects.requireNonNull(adapter, "adapter");
  }

  /** Asks the model as it is. */
  public ScoreRequest(Prompt context, Prompt continuation) {
    this(context, continuation, Optional.empty());
  }

  /** Asks the same of the model with an adapter. */
  public ScoreRequest withAdapter(Optional<String> name) {
    return new ScoreRequest(context, continuation, name);
  }
}
