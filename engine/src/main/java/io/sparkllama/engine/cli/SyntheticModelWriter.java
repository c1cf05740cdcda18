package io.sparkllama.engine.cli;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;

/**
 * Writes a synthetic model: threads fill chunks of rows, this thread writes them in the file's
 * order. Memory is bounded by a few chunks for each thread, whatever the model's size.
 */
final class SyntheticModelWriter {
  private static final int CHUNK_BYTES = 4 << 20;

  private final List<SyntheticTensor> tensors;
  private final long seed;
  private final int threads;

  private record Chunk(SyntheticTensor tensor, long firstRow, int rows) {}

  private record Filled(Chunk chunk, Future<ByteBuffer> bytes) {}

  SyntheticModelWriter(List<SyntheticTensor> tensors, long seed, int threads) {
    this.tensors = tensors;
    this.seed = seed;
    this.threads = threads;
  }

  /** Writes all tensors; {@code progress} is told the bytes written so far after each chunk. */
  void write(Path path, GgufContents contents, LongConsumer progress) throws IOException {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      writeChunks(writer, pool, progress);
      writer.finish();
    } finally {
      pool.shutdownNow();
    }
  }

  private void writeChunks(GgufWriter writer, ExecutorService pool, LongConsumer progress)
      throws IOException {
    Queue<Filled> inFlight = new ArrayDeque<>();
    Iterator<Chunk> chunks = new ChunkIterator(tensors.iterator());
    long written = 0;
    while (chunks.hasNext() || !inFlight.isEmpty()) {
      while (chunks.hasNext() && inFlight.size() < 2 * threads) {
        Chunk chunk = chunks.next();
        Callable<ByteBuffer> fill = () -> fill(chunk);
        inFlight.add(new Filled(chunk, pool.submit(fill)));
      }
      Filled oldest = inFlight.remove();
      ByteBuffer bytes = filled(oldest.bytes());
      written += bytes.remaining();
      writer.write(oldest.chunk().tensor().name(), bytes);
      progress.accept(written);
    }
  }

  private ByteBuffer fill(Chunk chunk) {
    SyntheticTensor tensor = chunk.tensor();
    if (tensor.content() instanceof SyntheticTensor.Content.Numbers numbers) {
      return SyntheticTensor.bytes(numbers);
    }
    SyntheticTensor.Content.Random random = (SyntheticTensor.Content.Random) tensor.content();
    RandomBlocks blocks = tensor.blocks(random.deviation(), seed);
    ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(chunk.rows(), blocks.rowBytes()));
    for (int row = 0; row < chunk.rows(); row++) {
      blocks.fillRow(chunk.firstRow() + row, bytes);
    }
    return bytes.flip();
  }

  private static ByteBuffer filled(Future<ByteBuffer> bytes) throws IOException {
    try {
      return bytes.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Writing the model was interrupted.");
    } catch (ExecutionException e) {
      throw new IllegalStateException("a chunk could not be filled", e.getCause());
    }
  }

  /** Cuts tensors into chunks of whole rows; a vector is one chunk. */
  private static final class ChunkIterator implements Iterator<Chunk> {
    private final Iterator<SyntheticTensor> tensors;
    private SyntheticTensor tensor;
    private long nextRow;

    ChunkIterator(Iterator<SyntheticTensor> tensors) {
      this.tensors = tensors;
    }

    @Override
    public boolean hasNext() {
      return tensor != null && nextRow < tensor.rows() || tensors.hasNext();
    }

    @Override
    public Chunk next() {
      if (tensor == null || nextRow == tensor.rows()) {
        tensor = tensors.next();
        nextRow = 0;
      }
      long mostRows = Math.max(1, CHUNK_BYTES / tensor.rowBytes());
      Chunk chunk = new Chunk(tensor, nextRow, (int) Math.min(mostRows, tensor.rows() - nextRow));
      nextRow += chunk.rows();
      return chunk;
    }
  }
}
