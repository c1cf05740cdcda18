package io.sparkllama.engine.quantization;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.jni.QuantizeNatives;
import io.sparkllama.engine.quantization.QuantizationPlan.PlannedTensor;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Holds the memory of one piece, before and after, and what encoding it lost. */
final class EncodedPiece {
  private static final int MOST_BYTES = 4 * PieceOfTensor.MOST_ELEMENTS; // as F32

  private final GgufFile model;
  private final ByteBuffer source = ByteBuffer.allocateDirect(MOST_BYTES);
  private final ByteBuffer target = ByteBuffer.allocateDirect(MOST_BYTES);
  private ByteBuffer bytes;
  private int elements;
  private double squares;
  private double squaredErrors;

  EncodedPiece(GgufFile model) {
    this.model = model;
  }

  /**
   * Reads and encodes a piece; what was held before is gone.
   *
   * @throws ModelFormatException where an element is not finite or beyond what the type can hold,
   *     or where the piece cannot be read
   */
  EncodedPiece encode(PieceOfTensor piece, TensorReader reader) {
    TensorInfo tensor = piece.tensor().source();
    QuantizationType type = piece.tensor().type();
    ByteBuffer before = source.slice(0, bytesOf(tensor.type(), piece.elements()));
    bytes = target.slice(0, bytesOf(type, piece.elements()));
    elements = piece.elements();
    try {
      long start = PlannedTensor.bytesOf(tensor.type(), piece.begin());
      reader.readBytes(tensor, start, before.duplicate());
    } catch (IOException e) {
      throw unreadable(model, e);
    }
    double[] sums =
        QuantizeNatives.quantize(tensor.type().id(), before, type.id(), bytes, elements);
    squares = sums[0];
    squaredErrors = sums[1];
    requireFinite(tensor, type);
    return this;
  }

  private void requireFinite(TensorInfo tensor, QuantizationType type) {
    if (!Double.isFinite(squares)) {
      throw new ModelFormatException(
          "a tensor has a weight that is infinite or no number, so that the model is damaged: "
              + place(tensor));
    }
    if (!Double.isFinite(squaredErrors)) {
      throw new ModelFormatException(
          "a tensor has a weight that is too large for the type that it would get; take F32 or"
              + " BF16: "
              + type
              + ", "
              + place(tensor));
    }
  }

  private String place(TensorInfo tensor) {
    return "tensor " + tensor.name() + " of " + model.parts().get(tensor.part());
  }

  private static int bytesOf(QuantizationType type, int elements) {
    return Math.toIntExact(PlannedTensor.bytesOf(type, elements));
  }

  static ModelFormatException unreadable(GgufFile model, IOException e) {
    return new ModelFormatException(
        "the model cannot be read: " + model.parts().get(0) + ": " + e, e);
  }

  /** Returns the encoded elements as the file has them; consumed by who writes them. */
  ByteBuffer bytes() {
    return bytes;
  }

  int elements() {
    return elements;
  }

  double squares() {
    return squares;
  }

  double squaredErrors() {
    return squaredErrors;
  }
}
