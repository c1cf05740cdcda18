package io.sparkllama.engine.api;

/** Says why an answer ended. */
public enum FinishReason {
  /** An end token of the model or a stop token, or a stop string. */
  STOP,
  /** The limit of new tokens, or the end of the context. */
  LENGTH,
  /** The row has an error. */
  ERROR;

  /**
   * Returns the name as it stands in output columns: {@code stop}, {@code length}, {@code error}.
   */
  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
