package io.sparkllama.engine.quantization;

import io.sparkllama.engine.quantization.QuantizationPlan.PlannedTensor;
import java.util.Iterator;

/**
 * Names neighbouring elements of a tensor.
 *
 * @param begin index of the first element
 * @param elements whole blocks of any type: all pieces but a tensor's last have the same number
 */
record PieceOfTensor(PlannedTensor tensor, long begin, int elements) {
  /** Elements of all pieces but a tensor's last: a multiple of every type's block. */
  static final int MOST_ELEMENTS = 1 << 20;

  /** Cuts tensors into pieces, in order. */
  static final class All implements Iterator<PieceOfTensor> {
    private final Iterator<PlannedTensor> tensors;
    private PlannedTensor tensor;
    private long next;

    All(Iterator<PlannedTensor> tensors) {
      this.tensors = tensors;
    }

    @Override
    public boolean hasNext() {
      return tensor != null && next < tensor.elements() || tensors.hasNext();
    }

    @Override
    public PieceOfTensor next() {
      if (tensor == null || next == tensor.elements()) {
        tensor = tensors.next();
        next = 0;
      }
      int elements = (int) Math.min(MOST_ELEMENTS, tensor.elements() - next);
      PieceOfTensor piece = new PieceOfTensor(tensor, next, elements);
      next += elements;
      return piece;
    }
  }
}
