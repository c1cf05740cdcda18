package io.sparkllama.engine.gguf;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads tensors' bytes and numbers, a row or a piece at a time, for packing and for tools; the
 * engine maps the packed file. Any number of threads may read at once.
 */
public final class TensorReader implements Closeable {
  private final GgufFile file;
  private final List<FileChannel> channels = new ArrayList<>(); // [parts]

  private TensorReader(GgufFile file) {
    this.file = file;
  }

  /** Opens all parts; the caller closes. */
  public static TensorReader open(GgufFile file) throws IOException {
    TensorReader reader = new TensorReader(file);
    try {
      for (var part : file.parts()) {
        reader.channels.add(FileChannel.open(part, StandardOpenOption.READ));
      }
      return reader;
    } catch (IOException e) {
      try (reader) {
        throw e;
      }
    }
  }

  /** Fills the rest of a buffer with a tensor's bytes from {@code start} on. */
  public void readBytes(TensorInfo tensor, long start, ByteBuffer target) throws IOException {
    if (start < 0 || start > tensor.byteSize() || target.remaining() > tensor.byteSize() - start) {
      throw new IndexOutOfBoundsException(
          "bytes beyond tensor " + tensor.name() + ": " + start + "+" + target.remaining());
    }
    FileChannel channel = channels.get(tensor.part());
    long position = tensor.offset() + start;
    while (target.hasRemaining()) {
      int read = channel.read(target, position);
      if (read < 0) {
        throw new ModelFormatException(
            "model file became shorter while in use: " + file.parts().get(tensor.part()));
      }
      position += read;
    }
  }

  /** Reads a row's numbers: {@code [columns]}. */
  public float[] readRow(TensorInfo tensor, long row) throws IOException {
    int columns = Math.toIntExact(tensor.columns());
    int rowBytes = Math.toIntExact(tensor.byteSize() / tensor.rows());
    ByteBuffer bytes = ByteBuffer.allocate(rowBytes).order(ByteOrder.LITTLE_ENDIAN);
    readBytes(tensor, row * rowBytes, bytes);
    float[] numbers = new float[columns];
    Dequantizer.dequantize(tensor.type(), bytes.flip(), numbers);
    return numbers;
  }

  /** Reads all of a small tensor's numbers: {@code [rows * columns]}. */
  public float[] readAll(TensorInfo tensor) throws IOException {
    int columns = Math.toIntExact(tensor.columns());
    float[] numbers = new float[Math.toIntExact(Math.multiplyExact(tensor.rows(), columns))];
    for (int row = 0; row < tensor.rows(); row++) {
      System.arraycopy(readRow(tensor, row), 0, numbers, row * columns, columns);
    }
    return numbers;
  }

  @Override
  public void close() throws IOException {
    OpenFiles.close(channels);
  }
}
