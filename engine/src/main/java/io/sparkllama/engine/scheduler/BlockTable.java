package io.sparkllama.engine.scheduler;

import java.util.Arrays;

/** Lists the KV blocks of one sequence in one group, in order of position. */
public final class BlockTable {
  private int[] blocks = new int[8]; // [capacity], the first size are in use
  private int size;

  public int size() {
    return size;
  }

  /** Returns the block that holds positions {@code index * blockSize} and on. */
  public int block(int index) {
    if (index >= size) {
      throw new IndexOutOfBoundsException("Block " + index + " of a table of " + size);
    }
    return blocks[index];
  }

  void append(int block) {
    if (size == blocks.length) {
      blocks = Arrays.copyOf(blocks, size * 2);
    }
    blocks[size++] = block;
  }

  void replace(int index, int block) {
    blocks[index] = block;
  }

  void clear() {
    size = 0;
  }
}
