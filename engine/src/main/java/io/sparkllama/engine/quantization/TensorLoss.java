package io.sparkllama.engine.quantization;

import io.sparkllama.engine.gguf.QuantizationType;

/**
 * Says what storing a tensor in another type changed.
 *
 * @param from the type that the model has it in
 * @param to the type that it was written in; the same where it stays
 * @param bytes as written
 * @param squares the sum of its elements' squares
 * @param squaredErrors the sum of the squares of written minus original elements
 */
public record TensorLoss(
    String name,
    QuantizationType from,
    QuantizationType to,
    long elements,
    long bytes,
    double squares,
    double squaredErrors) {
  /** Returns whether the tensor has another type than before. */
  public boolean isChanged() {
    return from != to;
  }

  /** Returns the root of the mean squared error over that of the mean square; 0 for zeros. */
  public double relativeError() {
    return relativeError(squares, squaredErrors);
  }

  /** Returns the same from sums, as over several tensors. */
  public static double relativeError(double squares, double squaredErrors) {
    return squaredErrors == 0 ? 0 : Math.sqrt(squaredErrors / squares);
  }
}
