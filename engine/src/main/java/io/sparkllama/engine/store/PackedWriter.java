package io.sparkllama.engine.store;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.jni.PackNatives;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Packs a model's weights into a file: one thread reads and packs a piece while another writes the
 * one before. Takes memory for two pieces, whatever the model's size.
 */
final class PackedWriter {
  /** Bytes of a piece, read and packed; a panel of very long rows may have more. */
  private static final long PIECE_BYTES = 16 << 20;

  private final GgufFile model;
  private final PackedPlan plan;
  private final List<Piece> pieces = new ArrayList<>();

  /** Is a vector, or whole panels of a matrix. */
  private record Piece(PackedTensor tensor, long firstRow, long rows) {
    long sourceRowBytes() {
      return tensor.source().byteSize() / tensor.source().rows();
    }

    long sourceBytes() {
      return rows * sourceRowBytes();
    }

    long panelsBefore() {
      return firstRow / PackedLayout.PANEL_ROWS;
    }

    long packedBytes() {
      return tensor.isVector()
          ? tensor.bytes()
          : PackedLayout.matrixBytes(tensor.type(), rows, tensor.columns());
    }

    long offset() {
      return tensor.offset()
          + panelsBefore() * PackedLayout.panelBytes(tensor.type(), tensor.columns());
    }
  }

  /** Holds the memory of one piece. */
  private record Slot(ByteBuffer source, ByteBuffer packed) {}

  PackedWriter(GgufFile model, PackedPlan plan) {
    this.model = model;
    this.plan = plan;
    for (PackedTensor tensor : plan.tensors()) {
      addPieces(tensor);
    }
  }

  private void addPieces(PackedTensor tensor) {
    if (tensor.isVector()) {
      pieces.add(new Piece(tensor, 0, 1));
      return;
    }
    Piece panel = new Piece(tensor, 0, PackedLayout.PANEL_ROWS);
    long panels = Math.max(1, PIECE_BYTES / (panel.sourceBytes() + panel.packedBytes()));
    long step = panels * PackedLayout.PANEL_ROWS;
    for (long row = 0; row < tensor.rows(); row += step) {
      pieces.add(new Piece(tensor, row, Math.min(step, tensor.rows() - row)));
    }
  }

  /**
   * Writes the whole file, which is on the disk when this returns. The native library is loaded.
   *
   * @throws ModelFormatException where the model's own files cannot be read
   * @throws IOException where the packed file cannot be written
   */
  void write(Path file, PackedKey key) throws IOException {
    ExecutorService packer = Executors.newSingleThreadExecutor(PackedWriter::packerThread);
    try (TensorReader reader = openModel();
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      ChunkedOutput output = new ChunkedOutput(channel, plan.dataOffset());
      writePieces(packer, reader, output);
      ByteBuffer header = new PackedHeader(key, plan.length(), output.finished()).encoded();
      while (header.hasRemaining()) {
        channel.write(header, header.position());
      }
      channel.force(true);
    } finally {
      packer.shutdown();
    }
  }

  private TensorReader openModel() {
    try {
      return TensorReader.open(model);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private void writePieces(ExecutorService packer, TensorReader reader, ChunkedOutput output)
      throws IOException {
    Slot[] slots = {newSlot(), newSlot()};
    Future<ByteBuffer> next = packer.submit(() -> packed(pieces.get(0), slots[0], reader));
    for (int i = 0; i < pieces.size(); i++) {
      ByteBuffer packed = await(next);
      if (i + 1 < pieces.size()) {
        Piece following = pieces.get(i + 1);
        Slot free = slots[(i + 1) % slots.length];
        next = packer.submit(() -> packed(following, free, reader));
      }
      output.write(pieces.get(i).offset(), packed);
    }
  }

  private Slot newSlot() {
    long source = pieces.stream().mapToLong(Piece::sourceBytes).max().orElseThrow();
    long packed = pieces.stream().mapToLong(Piece::packedBytes).max().orElseThrow();
    return new Slot(
        ByteBuffer.allocateDirect(Math.toIntExact(source)),
        ByteBuffer.allocateDirect(Math.toIntExact(packed + PackedLayout.BORDER))
            .alignedSlice(PackedLayout.BORDER));
  }

  private ByteBuffer packed(Piece piece, Slot slot, TensorReader reader) {
    ByteBuffer packed = slot.packed().slice(0, Math.toIntExact(piece.packedBytes()));
    try {
      if (piece.tensor().isVector()) {
        float[] numbers = reader.readAll(piece.tensor().source());
        packed.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(numbers);
        return packed;
      }
      ByteBuffer source = slot.source().slice(0, Math.toIntExact(piece.sourceBytes()));
      reader.readBytes(
          piece.tensor().source(), piece.firstRow() * piece.sourceRowBytes(), source.duplicate());
      PackNatives.packRows(
          piece.tensor().type().id(), source, piece.rows(), piece.tensor().columns(), packed);
      return packed;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private ModelFormatException unreadable(IOException e) {
    return new ModelFormatException(
        "The model cannot be read: " + model.parts().get(0) + ": " + e, e);
  }

  private static ByteBuffer await(Future<ByteBuffer> piece) throws IOException {
    try {
      return piece.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("interrupted while packing a model").initCause(e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException problem) {
        throw problem;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private static Thread packerThread(Runnable work) {
    Thread thread = new Thread(work, "sparkllama-packer");
    thread.setDaemon(true);
    return thread;
  }
}
