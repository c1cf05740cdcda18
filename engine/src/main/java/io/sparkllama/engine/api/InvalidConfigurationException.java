package io.sparkllama.engine.api;

/**
 * Reports configuration that must be corrected before any work is done; the message names the key
 * and the remedy.
 */
public class InvalidConfigurationException extends RuntimeException {
  public InvalidConfigurationException(String message) {
    super(message);
  }

  public InvalidConfigurationException(String message, Throwable cause) {
    super(message, cause);
  }
}
