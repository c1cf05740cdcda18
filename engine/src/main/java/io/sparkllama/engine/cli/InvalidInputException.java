package io.sparkllama.engine.cli;

/** Reports a file given to a command whose content must be corrected. */
final class InvalidInputException extends RuntimeException {
  InvalidInputException(String message) {
    super(message);
  }
}
