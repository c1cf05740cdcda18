package io.sparkllama.engine.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes GGUF byte by byte, right or wrong, for tests of the reader. */
final class GgufBytes {
  static final int UINT8 = 0;
  static final int UINT32 = 4;
  static final int INT32 = 5;
  static final int BOOL = 7;
  static final int STRING = 8;
  static final int ARRAY = 9;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** Begins a file of version 3. */
  static GgufBytes header(long tensorCount, long entryCount) {
    return new GgufBytes().text("GGUF").u32(3).u64(tensorCount).u64(entryCount);
  }

  GgufBytes text(String ascii) {
    out.writeBytes(ascii.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  GgufBytes bytes(int... values) {
    for (int value : values) {
      out.write(value);
    }
    return this;
  }

  GgufBytes u32(long value) {
    return number(value, 4);
  }

  GgufBytes u64(long value) {
    return number(value, 8);
  }

  GgufBytes string(String text) {
    return u64(text.getBytes(StandardCharsets.UTF_8).length).text(text);
  }

  /** Writes a key and the type of the value that follows. */
  GgufBytes entry(String key, int type) {
    return string(key).u32(type);
  }

  /** Writes a tensor's place; dimensions innermost first. */
  GgufBytes tensor(String name, int type, long offset, long... dimensions) {
    string(name).u32(dimensions.length);
    for (long dimension : dimensions) {
      u64(dimension);
    }
    return u32(type).u64(offset);
  }

  /** Pads with zeros to a multiple of the alignment. */
  GgufBytes align(int alignment) {
    while (out.size() % alignment != 0) {
      out.write(0);
    }
    return this;
  }

  GgufBytes zeros(int count) {
    out.writeBytes(new byte[count]);
    return this;
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }

  Path write(Path path) throws IOException {
    return Files.write(path, toByteArray());
  }

  private GgufBytes number(long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >>> 8 * i));
    }
    return this;
  }
}
