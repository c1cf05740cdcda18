package io.sparkllama.engine.api;

/**
 * Reports an engine that can run nothing more; the caller replaces it and sends its requests again.
 */
public class EngineFailedException extends RuntimeException {
  public EngineFailedException(String message) {
    super(message);
  }

  public EngineFailedException(String message, Throwable cause) {
    super(message, cause);
  }
}
