package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.OpenFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Gives the tensors of a checkpoint, whatever files they lie in, and their bytes a piece at a time.
 * One thread at a time.
 */
final class Checkpoint implements Weights {
  private final List<Path> parts;
  private final List<FileChannel> channels = new ArrayList<>(); // [parts]
  private final Map<String, CheckpointTensor> tensors;

  private Checkpoint(List<Path> parts, Map<String, CheckpointTensor> tensors) {
    this.parts = List.copyOf(parts);
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /** Reads where the tensors of one file lie. */
  interface PartReader {
    List<CheckpointTensor> read(Path path, int part) throws IOException;
  }

  /**
   * Opens files whose tensors have different names; the caller closes.
   *
   * @throws ModelFormatException where a file is damaged, or a name occurs twice
   */
  static Checkpoint open(List<Path> parts, PartReader reader) throws IOException {
    Map<String, CheckpointTensor> tensors = new LinkedHashMap<>();
    for (int part = 0; part < parts.size(); part++) {
      for (CheckpointTensor tensor : reader.read(parts.get(part), part)) {
        if (tensors.put(tensor.name(), tensor) != null) {
          throw new ModelFormatException(
              "tensor " + tensor.name() + " occurs twice: " + parts.get(part));
        }
      }
    }
    Checkpoint checkpoint = new Checkpoint(parts, tensors);
    try {
      for (Path part : parts) {
        checkpoint.channels.add(FileChannel.open(part, StandardOpenOption.READ));
      }
      return checkpoint;
    } catch (IOException e) {
      try (checkpoint) {
        throw e;
      }
    }
  }

  @Override
  public Set<String> names() {
    return tensors.keySet();
  }

  @Override
  public Optional<RowSource> rows(String name) {
    return Optional.ofNullable(tensors.get(name)).map(tensor -> new StoredRows(this, tensor));
  }

  /** Returns the tensors by name, in the order of the files. */
  Map<String, CheckpointTensor> tensors() {
    return tensors;
  }

  /** Returns the file that a tensor lies in. */
  Path path(CheckpointTensor tensor) {
    return parts.get(tensor.part());
  }

  /** Fills the rest of a buffer with a tensor's bytes from {@code start} on. */
  void read(CheckpointTensor tensor, long start, ByteBuffer target) throws IOException {
    if (start < 0 || start > tensor.byteSize() || target.remaining() > tensor.byteSize() - start) {
      throw new IndexOutOfBoundsException(
          "bytes beyond tensor " + tensor.name() + ": " + start + "+" + target.remaining());
    }
    FileChannel channel = channels.get(tensor.part());
    long position = tensor.offset() + start;
    while (target.hasRemaining()) {
      int read = channel.read(target, position);
      if (read < 0) {
        throw new ModelFormatException("the file became shorter while in use: " + path(tensor));
      }
      position += read;
    }
  }

  @Override
  public void close() throws IOException {
    OpenFiles.close(channels);
  }
}
