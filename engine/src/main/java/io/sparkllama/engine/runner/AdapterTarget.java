package io.sparkllama.engine.runner;

import java.nio.ByteBuffer;

/** Takes an adapter into native code. */
interface AdapterTarget {
  /**
   * Takes the memory of its matrices.
   *
   * @param description 8-byte words as {@link AdapterDescription} writes them; direct
   * @return the id by which steps name it when all its rows are there
   */
  int open(ByteBuffer description);

  /**
   * Takes the next rows of a matrix, as a file has them.
   *
   * @param rows direct; a multiple of 16 rows, but for the last ones
   */
  void fill(int adapter, int matrix, ByteBuffer rows);
}
