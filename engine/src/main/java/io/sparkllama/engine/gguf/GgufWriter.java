package io.sparkllama.engine.gguf;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes a GGUF file of version 3 as a stream: first what {@link GgufContents} says, then the
 * tensors' data in the same order, each in pieces of any size. The file appears under its name only
 * when {@link #finish} has it complete; closing without that leaves nothing behind.
 */
public final class GgufWriter implements Closeable {
  private static final int BUFFER_BYTES = 1 << 20;

  private final Path path;
  private final Path temporary;
  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final int alignment;
  private final List<Map.Entry<String, GgufContents.Declaration>> tensors;
  private int current; // index of the tensor that the next bytes belong to
  private long writtenOfCurrent;
  private boolean finished;

  private GgufWriter(Path path, Path temporary, FileChannel channel, GgufContents contents) {
    this.path = path;
    this.temporary = temporary;
    this.channel = channel;
    this.alignment = contents.alignment();
    this.tensors = new ArrayList<>(contents.tensors().entrySet());
  }

  /** Begins a file; an existing one of this name is replaced when the new one is complete. */
  public static GgufWriter create(Path path, GgufContents contents) throws IOException {
    byte[] header = new GgufHeaderEncoder(contents).encode();
    Path temporary = temporary(path);
    FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    GgufWriter writer = new GgufWriter(path, temporary, channel, contents);
    try {
      writer.append(ByteBuffer.wrap(header));
      return writer;
    } catch (IOException e) {
      try (writer) {
        throw e;
      }
    }
  }

  /** Returns where a file lies while it is written; what is there is overwritten. */
  public static Path temporary(Path path) {
    return path.resolveSibling(path.getFileName() + ".part");
  }

  /**
   * Writes the next bytes of a tensor.
   *
   * @param name the tensor begun last, until it is complete; then the one after it
   * @param bytes consumed whole
   */
  public void write(String name, ByteBuffer bytes) throws IOException {
    if (current == tensors.size() || !tensors.get(current).getKey().equals(name)) {
      String expected = current == tensors.size() ? "none" : tensors.get(current).getKey();
      throw new IllegalStateException("next tensor is " + expected + ", not " + name);
    }
    long byteSize = tensors.get(current).getValue().byteSize();
    writtenOfCurrent += bytes.remaining();
    if (writtenOfCurrent > byteSize) {
      throw new IllegalStateException(
          "tensor " + name + " has " + byteSize + " bytes, more were given: " + writtenOfCurrent);
    }
    append(bytes);
    if (writtenOfCurrent == byteSize) {
      int padding = (int) (GgufHeaderEncoder.align(byteSize, alignment) - byteSize);
      append(ByteBuffer.allocate(padding));
      current++;
      writtenOfCurrent = 0;
    }
  }

  /** Puts the complete file in its place. */
  public void finish() throws IOException {
    if (current < tensors.size()) {
      throw new IllegalStateException(
          "tensor " + tensors.get(current).getKey() + " is not complete");
    }
    flush();
    channel.force(true);
    channel.close();
    Files.move(
        temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    finished = true;
  }

  @Override
  public void close() throws IOException {
    channel.close();
    if (!finished) {
      Files.deleteIfExists(temporary);
    }
  }

  private void append(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int count = Math.min(bytes.remaining(), buffer.remaining());
      buffer.put(bytes.slice(bytes.position(), count));
      bytes.position(bytes.position() + count);
    }
  }

  private void flush() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
    buffer.clear();
  }
}
