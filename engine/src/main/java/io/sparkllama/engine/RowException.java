package io.sparkllama.engine;

import io.sparkllama.engine.api.RowError;

/** Carries a row's error from where it is found to the row's result; never leaves the engine. */
final class RowException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient RowError error;
  private final int promptTokens;

  RowException(String errorClass, String message, int promptTokens) {
    super(message, null, false, false);
    this.error = new RowError(errorClass, message);
    this.promptTokens = promptTokens;
  }

  RowError error() {
    return error;
  }

  int promptTokens() {
    return promptTokens;
  }
}
