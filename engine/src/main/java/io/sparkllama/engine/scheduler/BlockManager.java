package io.sparkllama.engine.scheduler;

import java.util.ArrayList;
import java.util.List;

/**
 * Accounts for the blocks of each group's pool: who holds them, and which are free.
 *
 * <p>A block may be held by several sequences, which then only read it; it is free again when the
 * last lets it go. Every sequence has as many blocks in one group as in the other: a window's
 * blocks are kept until the sequence ends.
 */
public final class BlockManager {
  private final int blockSize;
  private final int[][] references; // [groups, blocks]
  private final int[][] free; // [groups, blocks], a stack of which the first freeCounts are free
  private final int[] freeCounts; // [groups]

  /**
   * Makes pools of free blocks.
   *
   * @param blockCounts blocks of each group
   * @param blockSize positions in one block
   */
  public BlockManager(int[] blockCounts, int blockSize) {
    if (blockSize < 1) {
      throw new IllegalArgumentException("A block must hold at least 1 position, not " + blockSize);
    }
    this.blockSize = blockSize;
    references = new int[blockCounts.length][];
    free = new int[blockCounts.length][];
    freeCounts = blockCounts.clone();
    for (int group = 0; group < blockCounts.length; group++) {
      references[group] = new int[blockCounts[group]];
      free[group] = new int[blockCounts[group]];
      for (int i = 0; i < blockCounts[group]; i++) {
        free[group][i] = blockCounts[group] - 1 - i;
      }
    }
  }

  public int groups() {
    return free.length;
  }

  /** Returns the blocks of the smallest pool. */
  public int poolSize() {
    int smallest = Integer.MAX_VALUE;
    for (int[] pool : free) {
      smallest = Math.min(smallest, pool.length);
    }
    return smallest;
  }

  /** Returns the blocks that are free in every group. */
  public int freeBlocks() {
    int smallest = Integer.MAX_VALUE;
    for (int count : freeCounts) {
      smallest = Math.min(smallest, count);
    }
    return smallest;
  }

  /** Returns the blocks that so many positions need in each group. */
  int blocksFor(int positions) {
    return (positions + blockSize - 1) / blockSize;
  }

  /** Returns the blocks of its own that a fork needs which grows from a prefix to a length. */
  int blocksForFork(int prefix, int positions) {
    return blocksFor(positions) - prefix / blockSize;
  }

  /** Returns the positions that tables could hold with all free blocks. */
  int reach(BlockTable[] tables) {
    return (int) Math.min(Integer.MAX_VALUE, (tables[0].size() + (long) freeBlocks()) * blockSize);
  }

  /** Returns the blocks that tables lack for so many positions. */
  int missing(BlockTable[] tables, int positions) {
    return Math.max(0, blocksFor(positions) - tables[0].size());
  }

  /** Gives tables the blocks that they lack for so many positions. */
  void grow(BlockTable[] tables, int positions) {
    for (int lacking = missing(tables, positions); lacking > 0; lacking--) {
      for (int group = 0; group < tables.length; group++) {
        tables[group].append(take(group));
      }
    }
  }

  /**
   * Gives an empty child the prefix of its parent: full blocks are shared, a partial last one is
   * replaced by a block of the child's own.
   *
   * @return the copies that fill the child's own blocks
   */
  List<BlockCopy> fork(BlockTable[] parent, BlockTable[] child, int prefix) {
    List<BlockCopy> copies = new ArrayList<>();
    int full = prefix / blockSize;
    for (int group = 0; group < parent.length; group++) {
      for (int i = 0; i < full; i++) {
        int block = parent[group].block(i);
        references[group][block]++;
        child[group].append(block);
      }
      if (prefix % blockSize != 0) {
        int own = take(group);
        child[group].append(own);
        copies.add(new BlockCopy(group, parent[group].block(full), own));
      }
    }
    return copies;
  }

  /** Lets go of all blocks of the tables and empties them. */
  void release(BlockTable[] tables) {
    for (int group = 0; group < tables.length; group++) {
      for (int i = 0; i < tables[group].size(); i++) {
        int block = tables[group].block(i);
        if (references[group][block] < 1) {
          throw new IllegalStateException("Block released twice: " + group + ", " + block);
        }
        if (--references[group][block] == 0) {
          free[group][freeCounts[group]++] = block;
        }
      }
      tables[group].clear();
    }
  }

  private int take(int group) {
    if (freeCounts[group] == 0) {
      throw new IllegalStateException("No free block in group " + group);
    }
    int block = free[group][--freeCounts[group]];
    references[group][block] = 1;
    return block;
  }
}
