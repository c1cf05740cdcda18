package io.sparkllama.engine.quantization;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.quantization.QuantizationPlan.PlannedTensor;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;

/**
 * Writes a model in other types: threads read and encode pieces of tensors, this thread writes them
 * in the file's order. Memory is bounded by a few pieces for each thread, whatever the model's
 * size. The file's bytes depend on the model and the plan alone.
 */
public final class ModelQuantizer {
  private final QuantizationPlan plan;
  private final int threads;

  private record InFlight(PlannedTensor tensor, EncodedPiece piece, Future<EncodedPiece> encoded) {}

  /**
   * Prepares for writing. The native library is loaded.
   *
   * @param threads that encode, at least 1
   */
  public ModelQuantizer(QuantizationPlan plan, int threads) {
    this.plan = plan;
    this.threads = threads;
  }

  /**
   * Writes the file, which has its name only when it is complete; an existing one is replaced then.
   *
   * @param progress is told the bytes of tensors written so far after each piece
   * @return what each tensor lost, in the file's order
   * @throws ModelFormatException where an element is not finite or beyond what its type can hold,
   *     or where the model cannot be read
   * @throws IOException where the file cannot be written
   */
  public List<TensorLoss> write(Path path, LongConsumer progress) throws IOException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try (TensorReader reader = open();
        GgufWriter writer = GgufWriter.create(path, plan.contents())) {
      List<TensorLoss> losses = writePieces(reader, writer, pool, progress);
      writer.finish();
      return losses;
    } finally {
      pool.shutdownNow();
    }
  }

  private TensorReader open() {
    try {
      return TensorReader.open(plan.model());
    } catch (IOException e) {
      throw EncodedPiece.unreadable(plan.model(), e);
    }
  }

  private List<TensorLoss> writePieces(
      TensorReader reader, GgufWriter writer, ExecutorService pool, LongConsumer progress)
      throws IOException {
    List<TensorLoss> losses = new ArrayList<>();
    Queue<EncodedPiece> free = new ArrayDeque<>();
    for (int i = 0; i < 2 * threads; i++) {
      free.add(new EncodedPiece(plan.model()));
    }
    Queue<InFlight> inFlight = new ArrayDeque<>();
    Iterator<PieceOfTensor> pieces = new PieceOfTensor.All(plan.tensors().iterator());
    LossSum sum = new LossSum();
    long written = 0;
    while (pieces.hasNext() || !inFlight.isEmpty()) {
      while (pieces.hasNext() && !free.isEmpty()) {
        PieceOfTensor next = pieces.next();
        EncodedPiece slot = free.remove();
        inFlight.add(
            new InFlight(next.tensor(), slot, pool.submit(() -> slot.encode(next, reader))));
      }
      InFlight oldest = inFlight.remove();
      EncodedPiece encoded = encoded(oldest.encoded());
      written += encoded.bytes().remaining();
      writer.write(oldest.tensor().source().name(), encoded.bytes());
      sum.add(encoded);
      if (sum.elements == oldest.tensor().elements()) {
        losses.add(sum.of(oldest.tensor()));
        sum = new LossSum();
      }
      free.add(oldest.piece());
      progress.accept(written);
    }
    return losses;
  }

  private static EncodedPiece encoded(Future<EncodedPiece> piece) throws IOException {
    try {
      return piece.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("Quantizing the model was interrupted.").initCause(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException problem) {
        throw problem;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException("a piece could not be encoded", e.getCause());
    }
  }

  /** Adds up a tensor's pieces in their order, so that the sums do not depend on threads. */
  private static final class LossSum {
    private long elements;
    private double squares;
    private double squaredErrors;

    void add(EncodedPiece piece) {
      elements += piece.elements();
      squares += piece.squares();
      squaredErrors += piece.squaredErrors();
    }

    TensorLoss of(PlannedTensor tensor) {
      return new TensorLoss(
          tensor.source().name(),
          tensor.source().type(),
          tensor.type(),
          elements,
          tensor.bytes(),
          squares,
          squaredErrors);
    }
  }
}
