package io.sparkllama.engine.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Writes a packed file's data from its beginning to its end, and the checksum of each chunk. */
final class ChunkedOutput {
  private final FileChannel channel;
  private final CRC32C checksum = new CRC32C();
  private final List<Integer> checksums = new ArrayList<>();
  private long position;
  private int inChunk;

  /**
   * @param start where the data begins
   */
  ChunkedOutput(FileChannel channel, long start) {
    this.channel = channel;
    this.position = start;
  }

  /** Writes the rest of a buffer at a place at or after the last byte, zeros in between. */
  void write(long offset, ByteBuffer bytes) throws IOException {
    if (offset > position) {
      append(ByteBuffer.allocate(Math.toIntExact(offset - position)));
    }
    append(bytes);
  }

  private void append(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int count = Math.min(bytes.remaining(), PackedHeader.CHUNK_BYTES - inChunk);
      ByteBuffer part = bytes.slice(bytes.position(), count);
      checksum.update(part.duplicate());
      while (part.hasRemaining()) {
        position += channel.write(part, position);
      }
      bytes.position(bytes.position() + count);
      inChunk += count;
      if (inChunk == PackedHeader.CHUNK_BYTES) {
        endChunk();
      }
    }
  }

  private void endChunk() {
    checksums.add((int) checksum.getValue());
    checksum.reset();
    inChunk = 0;
  }

  /** Returns the checksums of all chunks; nothing can be written after. */
  int[] finished() {
    if (inChunk > 0) {
      endChunk();
    }
    return checksums.stream().mapToInt(Integer::intValue).toArray();
  }
}
