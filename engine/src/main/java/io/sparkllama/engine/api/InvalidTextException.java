package io.sparkllama.engine.api;

/**
 * Reports text that cannot be tokenized; the row takes it as its error ({@link
 * RowError#INVALID_TEXT}). The message holds places and code points, never text of the row.
 */
public class InvalidTextException extends RuntimeException {
  public InvalidTextException(String message) {
    super(message);
  }
}
