package io.sparkllama.engine.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Encodes what stands before the tensors' data: header, metadata and the list of tensors. */
final class GgufHeaderEncoder {
  static final int VERSION = 3;

  private final GgufContents contents;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  GgufHeaderEncoder(GgufContents contents) {
    this.contents = contents;
  }

  /** Returns the smallest multiple of {@code alignment} that is not below {@code offset}. */
  static long align(long offset, int alignment) {
    return Math.addExact(offset, alignment - 1) / alignment * alignment;
  }

  /** Returns the bytes, padded to where the first tensor begins. */
  byte[] encode() {
    int alignment = contents.alignment();
    if (alignment < 8 || Integer.bitCount(alignment) != 1) {
      throw new IllegalArgumentException("alignment must be a power of two from 8: " + alignment);
    }
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    number(VERSION, 4);
    number(contents.tensors().size(), 8);
    number(contents.metadata().size(), 8);
    contents
        .metadata()
        .forEach(
            (key, value) -> {
              string(key);
              number(value.type().id(), 4);
              value(value);
            });
    long offset = 0;
    for (var tensor : contents.tensors().entrySet()) {
      GgufContents.Declaration declaration = tensor.getValue();
      string(tensor.getKey());
      number(declaration.dimensions().length, 4);
      for (long dimension : declaration.dimensions()) {
        number(dimension, 8);
      }
      number(declaration.type().id(), 4);
      number(offset, 8);
      offset = align(Math.addExact(offset, declaration.byteSize()), alignment);
    }
    out.writeBytes(new byte[(int) (align(out.size(), alignment) - out.size())]);
    return out.toByteArray();
  }

  private void value(MetadataValue value) {
    if (value instanceof MetadataValue.StringValue string) {
      string(string.value());
    } else if (value instanceof MetadataValue.BooleanValue bool) {
      number(bool.value() ? 1 : 0, 1);
    } else if (value instanceof MetadataValue.IntegerValue integer) {
      number(integer.value(), integer.type().bytes());
    } else if (value instanceof MetadataValue.FloatValue real) {
      number(
          real.type() == MetadataType.FLOAT32
              ? Float.floatToRawIntBits((float) real.value())
              : Double.doubleToRawLongBits(real.value()),
          real.type().bytes());
    } else if (value instanceof MetadataValue.ArrayValue array) {
      array(array);
    }
  }

  private void array(MetadataValue.ArrayValue array) {
    number(array.elementType().id(), 4);
    number(array.size(), 8);
    if (array instanceof MetadataValue.StringArray strings) {
      strings.values().forEach(this::string);
    } else if (array instanceof NumberArray numbers) {
      ByteBuffer bytes = numbers.bytes();
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      out.writeBytes(copy);
    }
  }

  private void string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    number(bytes.length, 8);
    out.writeBytes(bytes);
  }

  /** Writes the lowest bytes of a number, the lowest first. */
  private void number(long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >>> 8 * i));
    }
  }
}
