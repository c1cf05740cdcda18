package io.sparkllama.engine.store;

import java.io.Closeable;
import java.io.IOException;

/** Reads a file at any place; one thread uses it at a time. */
public interface RangeReader extends Closeable {

  /**
   * Reads bytes into the beginning of a buffer.
   *
   * @param offset in the file, in bytes
   * @param most bytes to read, at most the buffer's length
   * @return how many were read, at least one; -1 at the end of the file
   */
  int read(long offset, byte[] target, int most) throws IOException;
}
