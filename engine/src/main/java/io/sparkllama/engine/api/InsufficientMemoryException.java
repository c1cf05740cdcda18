package io.sparkllama.engine.api;

/**
 * Reports memory that could not be had; the caller may try again with a smaller KV cache or smaller
 * batches.
 */
public class InsufficientMemoryException extends RuntimeException {
  public InsufficientMemoryException(String message) {
    super(message);
  }
}
