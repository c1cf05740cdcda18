package io.sparkllama.engine.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Says what a packed file holds and how to tell that it is whole. It stands at the file's
 * beginning, little-endian, filled up with zeros to a border of 4,096 bytes, where the data begins:
 *
 * <pre>
 *    0  magic, 8 bytes
 *    8  layout version, int32
 *   12  bytes of a chunk, int32
 *   16  key, 32 bytes
 *   48  length of the file, int64
 *   56  number of chunks, int32
 *   60  CRC32C of the header, counted with zeros here, int32
 *   64  CRC32C of each chunk of the data, int32 [chunks]; the last chunk may be shorter
 * </pre>
 *
 * @param key of 64 hexadecimal digits
 * @param length of the file in bytes
 * @param checksums of the chunks, int32 [chunks]
 */
record PackedHeader(PackedKey key, long length, int[] checksums) {
  /** Bytes of a chunk. */
  static final int CHUNK_BYTES = 4 << 20;

  private static final byte[] MAGIC = {'S', 'L', 'P', 'A', 'C', 'K', 'E', 'D'};
  private static final int CHECKSUM_AT = 60;
  private static final int CHECKSUMS_AT = 64;
  private static final int BORDER = 4096;

  /** Returns the bytes of a header before so many bytes of data. */
  static long bytes(long dataBytes) {
    return dataOffset(chunks(dataBytes));
  }

  /** Returns the chunks of so many bytes of data. */
  static long chunks(long dataBytes) {
    return (dataBytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
  }

  /** Returns where the data begins. */
  int dataOffset() {
    return (int) dataOffset(checksums.length);
  }

  private static long dataOffset(long chunks) {
    long plain = CHECKSUMS_AT + chunks * Integer.BYTES;
    return (plain + BORDER - 1) / BORDER * BORDER;
  }

  /** Returns the header as it stands in a file. */
  ByteBuffer encoded() {
    ByteBuffer buffer = ByteBuffer.allocate(dataOffset()).order(ByteOrder.LITTLE_ENDIAN);
    buffer.put(MAGIC).putInt(PackedLayout.VERSION).putInt(CHUNK_BYTES).put(key.bytes());
    buffer.putLong(length).putInt(checksums.length).putInt(0);
    for (int checksum : checksums) {
      buffer.putInt(checksum);
    }
    buffer.clear();
    return buffer.putInt(CHECKSUM_AT, checksum(buffer));
  }

  /**
   * Reads the header of a finished file with this key; empty for anything else, such as a file that
   * is cut short or was written by another version.
   */
  static Optional<PackedHeader> read(Path file, PackedKey key, long length) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) != length) {
      return Optional.empty();
    }
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer start = ByteBuffer.allocate(CHECKSUMS_AT).order(ByteOrder.LITTLE_ENDIAN);
      if (!readFully(channel, start, 0)) {
        return Optional.empty();
      }
      int count = start.getInt(56);
      // The file's length tells the count as well: no memory is taken for a number that is spoilt.
      if (count < 0 || chunks(length - dataOffset(count)) != count) {
        return Optional.empty();
      }
      int[] checksums = new int[count];
      PackedHeader shape = new PackedHeader(key, length, checksums);
      ByteBuffer all = ByteBuffer.allocate(shape.dataOffset()).order(ByteOrder.LITTLE_ENDIAN);
      if (!readFully(channel, all, 0)) {
        return Optional.empty();
      }
      all.position(CHECKSUMS_AT).asIntBuffer().get(checksums);
      return Arrays.equals(all.array(), shape.encoded().array())
          ? Optional.of(shape)
          : Optional.empty();
    }
  }

  /** Fills a buffer from a place on, unless the file ends before. */
  static boolean readFully(FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    long next = position;
    while (target.hasRemaining()) {
      int count = channel.read(target, next);
      if (count < 0) {
        return false;
      }
      next += count;
    }
    target.flip();
    return true;
  }

  private static int checksum(ByteBuffer header) {
    CRC32C crc = new CRC32C();
    crc.update(header.duplicate());
    return (int) crc.getValue();
  }
}
