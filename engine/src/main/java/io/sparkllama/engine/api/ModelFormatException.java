package io.sparkllama.engine.api;

/**
 * Reports a model file that must be refused: damaged, hostile, or of a kind that this engine does
 * not run.
 */
public class ModelFormatException extends RuntimeException {
  public ModelFormatException(String message) {
    super(message);
  }

  public ModelFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
