package io.sparkllama.engine.gguf;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads little-endian values one after the other from a file that is not trusted. Every length is
 * compared with what is left of the file, and with a budget, before memory is taken.
 */
final class GgufInput {
  /**
   * Bounds the bytes of header, metadata and tensor list. The largest vocabularies, of 256 thousand
   * tokens with their merges, need under 30 MiB.
   */
  static final long MAX_HEADER_BYTES = 128L << 20;

  private final Path path;
  private final FileChannel channel;
  private final long limit;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN).limit(0);
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder(); // refuses bad bytes
  private long bufferEnd; // position in the file of the buffer's limit

  GgufInput(Path path, FileChannel channel, long fileSize) {
    this.path = path;
    this.channel = channel;
    this.limit = fileSize;
  }

  /** Returns bytes from the beginning of the file to the next value. */
  long position() {
    return bufferEnd - buffer.remaining();
  }

  /** Returns bytes from the next value to the end of the file. */
  long remaining() {
    return limit - position();
  }

  long fileSize() {
    return limit;
  }

  int readByte(String what) throws IOException {
    require(1, what);
    return Byte.toUnsignedInt(buffer.get());
  }

  int readInt(String what) throws IOException {
    require(4, what);
    return buffer.getInt();
  }

  long readLong(String what) throws IOException {
    require(8, what);
    return buffer.getLong();
  }

  /** Reads a count that must be neither negative nor more than the rest of the file can hold. */
  long readCount(String what, int minBytesPerItem) throws IOException {
    return readCount("", what, minBytesPerItem);
  }

  /** Reads a length and as many bytes of UTF-8. */
  String readString(String what, int maxBytes) throws IOException {
    long start = position();
    long length = readCount("the length of ", what, 1);
    if (length > maxBytes) {
      throw failure(
          what + " has " + length + " bytes; at most " + maxBytes + " are possible", start);
    }
    byte[] bytes = readBytes(length, what, start);
    if (isAscii(bytes)) {
      return bytes.length == 0 ? "" : new String(bytes, StandardCharsets.US_ASCII);
    }
    try {
      return decoder.decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ModelFormatException(message(what + " is not valid UTF-8", start), e);
    }
  }

  /** Reads bytes, refusing more than the file, the budget or an array can hold. */
  byte[] readBytes(long count, String what, long start) throws IOException {
    if (count > remaining()) {
      throw failure(what + " needs " + count + " bytes but " + remaining() + " are left", start);
    }
    if (position() + count > MAX_HEADER_BYTES) {
      throw failure(
          what + " makes the metadata longer than " + (MAX_HEADER_BYTES >> 20) + " MiB", start);
    }
    byte[] bytes = new byte[(int) count];
    int filled = Math.min(bytes.length, buffer.remaining());
    buffer.get(bytes, 0, filled);
    ByteBuffer rest = ByteBuffer.wrap(bytes, filled, bytes.length - filled);
    while (rest.hasRemaining()) {
      int read = channel.read(rest, bufferEnd);
      if (read < 0) {
        throw shrunk();
      }
      bufferEnd += read;
    }
    return bytes;
  }

  ModelFormatException failure(String problem, long position) {
    return new ModelFormatException(message(problem, position));
  }

  private String message(String problem, long position) {
    return "not a valid GGUF file: " + problem + ": " + path + ", byte " + position;
  }

  /** The role and what has it are joined for a message only: files have many thousand strings. */
  private long readCount(String role, String what, int minBytesPerItem) throws IOException {
    long start = position();
    if (remaining() < Long.BYTES) {
      throw failure(role + what + " is cut off by the end of the file", start);
    }
    long count = readLong(what);
    if (count < 0 || count > remaining() / minBytesPerItem) {
      throw failure(
          role
              + what
              + " is "
              + Long.toUnsignedString(count)
              + ", more than the rest of the file can hold ("
              + remaining()
              + " bytes)",
          start);
    }
    return count;
  }

  private static boolean isAscii(byte[] bytes) {
    for (byte value : bytes) {
      if (value < 0) {
        return false;
      }
    }
    return true;
  }

  private void require(int bytes, String what) throws IOException {
    if (buffer.remaining() >= bytes) {
      return;
    }
    long start = position();
    if (remaining() < bytes) {
      throw failure(what + " is cut off by the end of the file", start);
    }
    if (start + bytes > MAX_HEADER_BYTES) {
      throw failure(
          what + " makes the metadata longer than " + (MAX_HEADER_BYTES >> 20) + " MiB", start);
    }
    buffer.compact();
    // The file may grow while it is read; what lies beyond its first size is not part of it.
    buffer.limit((int) Math.min(buffer.capacity(), buffer.position() + limit - bufferEnd));
    while (buffer.position() < bytes) {
      int read = channel.read(buffer, bufferEnd);
      if (read < 0) {
        throw shrunk();
      }
      bufferEnd += read;
    }
    buffer.flip();
  }

  private ModelFormatException shrunk() {
    return failure("it became shorter while it was read", bufferEnd);
  }
}
