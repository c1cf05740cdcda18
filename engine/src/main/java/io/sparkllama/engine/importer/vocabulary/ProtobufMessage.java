package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.api.ModelFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads the fields of one message in the wire format of Protocol Buffers, one after the other. The
 * bytes are not trusted: each length is compared with what is left of the message.
 */
final class ProtobufMessage {
  private static final int VARINT = 0;
  private static final int EIGHT_BYTES = 1;
  private static final int BYTES = 2;
  private static final int FOUR_BYTES = 5;
  private static final int MOST_VARINT_BYTES = 10;

  private final Path path;
  private final ByteBuffer in;
  private int field;
  private int wireType;

  /**
   * @param path for messages
   */
  ProtobufMessage(Path path, ByteBuffer in) {
    this.path = path;
    this.in = in.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Goes to the next field; whoever calls then takes its value or skips it. */
  boolean next() {
    if (!in.hasRemaining()) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    wireType = (int) (tag & 7);
    if (field < 1 || tag >>> 3 != field) {
      throw failure("has a field whose number cannot be right");
    }
    return true;
  }

  /** Returns the number of the field. */
  int field() {
    return field;
  }

  long number() {
    require(VARINT);
    return varint();
  }

  float real() {
    require(FOUR_BYTES);
    requireLeft(Float.BYTES);
    return in.getFloat();
  }

  String text() {
    return StandardCharsets.UTF_8.decode(bytes()).toString();
  }

  ProtobufMessage message() {
    return new ProtobufMessage(path, bytes());
  }

  /** Returns the bytes of a field; they are shared. */
  ByteBuffer bytes() {
    require(BYTES);
    long length = varint();
    if (length < 0 || length > in.remaining()) {
      throw failure("has a field that is longer than the rest of it");
    }
    ByteBuffer bytes = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return bytes;
  }

  void skip() {
    switch (wireType) {
      case VARINT -> varint();
      case BYTES -> bytes();
      case FOUR_BYTES, EIGHT_BYTES -> {
        int length = wireType == FOUR_BYTES ? 4 : 8;
        requireLeft(length);
        in.position(in.position() + length);
      }
      default -> throw failure("has a field of a kind that is not known, " + wireType);
    }
  }

  private long varint() {
    long value = 0;
    for (int i = 0; i < MOST_VARINT_BYTES; i++) {
      requireLeft(1);
      byte next = in.get();
      value |= (long) (next & 0x7f) << 7 * i;
      if (next >= 0) {
        return value;
      }
    }
    throw failure("has a number of more than 64 bits");
  }

  private void require(int wanted) {
    if (wireType != wanted) {
      throw failure("has a field of another kind than it must be, " + field);
    }
  }

  private void requireLeft(int bytes) {
    if (in.remaining() < bytes) {
      throw failure("ends in the middle");
    }
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException("the SentencePiece model " + problem + ": " + path);
  }
}
