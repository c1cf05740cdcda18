package io.sparkllama.engine.scheduler;

import java.util.ArrayList;
import java.util.List;

/**
 * Accounts for the blocks of each group's pool: who holds them, and which are free.
 *
 * <p>A block may be held by several sequences, which then only read it; it is free again when the
 * last lets it go. Every sequence has as many blocks in one group as in the other: a window's
 * blocks are kept until the sequence ends.
 *
 * <p>With a prefix cache, full blocks stay known when nobody holds them, until they are needed:
 * they count as free.
 */
public final class BlockManager {
  private final int blockSize;
  private final int[][] references; // [groups, blocks]
  private final int[][] free; // [groups, blocks], a stack of which the first freeCounts are free
  private final int[] freeCounts; // [groups]
  private final PrefixCache cache; // null without one
  private final PrefixCache.Block[] known; // [blocks of the first group], null for most

  /**
   * Makes pools of free blocks.
   *
   * @param blockCounts blocks of each group
   * @param blockSize positions in one block
   * @param prefixCache whether sequences share the blocks of what they begin with
   */
  public BlockManager(int[] blockCounts, int blockSize, boolean prefixCache) {
    if (blockSize < 1) {
      throw new IllegalArgumentException("A block must hold at least 1 position, not " + blockSize);
    }
    this.blockSize = blockSize;
    cache = prefixCache ? new PrefixCache(blockSize) : null;
    known = new PrefixCache.Block[blockCounts[0]];
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

  /** Returns the blocks that are free in every group, or are kept by the prefix cache alone. */
  public int freeBlocks() {
    int smallest = Integer.MAX_VALUE;
    for (int count : freeCounts) {
      smallest = Math.min(smallest, count);
    }
    return smallest + (cache == null ? 0 : cache.unused());
  }

  /**
   * Gives a waiting sequence without blocks those that the prefix cache has of its first tokens. It
   * always has a token left to compute, and all that it wants to know of.
   *
   * @return false where its next block is being computed: it had better wait for that; it has been
   *     given nothing then
   */
  boolean attach(Sequence sequence) {
    if (cache == null || sequence.parent() != null) {
      return true;
    }
    if (sequence.awaited() != null && sequence.awaited().isExpected()) {
      return false; // its tokens need not be looked up anew in every step
    }
    List<PrefixCache.Block> found = sequence.chain();
    PrefixCache.Block before = null;
    while (found.size() < sequence.skippable() / blockSize) {
      PrefixCache.Block next = cache.next(before, sequence, found.size());
      if (next == null) {
        break;
      }
      if (!next.isComputed()) {
        found.clear();
        sequence.await(next);
        return false;
      }
      found.add(next);
      before = next;
    }
    for (PrefixCache.Block block : found) {
      hold(block);
      for (int group = 0; group < free.length; group++) {
        sequence.tables()[group].append(block.place(group));
      }
    }
    sequence.skip(found.size() * blockSize);
    return true;
  }

  /**
   * Gives a sequence that has been given the blocks of its first tokens a copy of a block that
   * begins like its next one. It needs no more blocks than without it.
   *
   * @return the copies that fill the sequence's own block; none where nothing begins alike
   */
  List<BlockCopy> copyBeginning(Sequence sequence) {
    if (cache == null || sequence.parent() != null) {
      return List.of();
    }
    List<PrefixCache.Block> chain = sequence.chain();
    int most = sequence.skippable() - chain.size() * blockSize;
    PrefixCache.Beginning found =
        most < 1 ? null : cache.beginning(last(chain), sequence, chain.size());
    if (found == null) {
      return List.of();
    }
    // Taking a block may evict the one found, and give just that. Its bits are still there: copies
    // come first in a step, and in their order.
    List<BlockCopy> copies = new ArrayList<>();
    for (int group = 0; group < free.length; group++) {
      int own = take(group);
      sequence.tables()[group].append(own);
      if (own != found.block().place(group)) {
        copies.add(new BlockCopy(group, found.block().place(group), own));
      }
    }
    sequence.skip(chain.size() * blockSize + Math.min(most, found.tokens()));
    return copies;
  }

  /** Lets others know which blocks a sequence that starts is going to compute. */
  void expect(Sequence sequence) {
    if (cache == null || sequence.parent() != null) {
      return;
    }
    List<PrefixCache.Block> chain = sequence.chain();
    PrefixCache.Block before = last(chain);
    while ((chain.size() + 1) * blockSize <= sequence.length()
        && cache.next(before, sequence, chain.size()) == null) {
      before = cache.expect(before, sequence, chain.size());
      chain.add(before);
    }
  }

  /** Keeps the blocks that a sequence has filled since it was {@code from} positions long. */
  void keep(Sequence sequence, int from) {
    if (cache == null || sequence.parent() != null) {
      return;
    }
    List<PrefixCache.Block> chain = sequence.chain();
    for (int i = from / blockSize; (i + 1) * blockSize <= sequence.numComputedTokens(); i++) {
      if (i > chain.size()) {
        return; // another was computing a block before this one at the same time
      }
      if (i == chain.size()) {
        PrefixCache.Block same = cache.next(last(chain), sequence, i);
        if (same != null) {
          if (!same.isComputed() || !adopt(sequence, i, same)) {
            return;
          }
          continue;
        }
        chain.add(cache.expect(last(chain), sequence, i));
      }
      int[] places = new int[free.length];
      for (int group = 0; group < places.length; group++) {
        places[group] = sequence.tables()[group].block(i);
      }
      cache.computed(chain.get(i), places);
      known[places[0]] = chain.get(i);
    }
  }

  /** Replaces a sequence's own block, which no fork reads, by one that holds the same bits. */
  private boolean adopt(Sequence sequence, int index, PrefixCache.Block same) {
    if (references[0][sequence.tables()[0].block(index)] > 1) {
      return false;
    }
    for (int group = 0; group < free.length; group++) {
      BlockTable table = sequence.tables()[group];
      int own = table.block(index);
      references[group][own] = 0;
      free[group][freeCounts[group]++] = own;
      table.replace(index, same.place(group));
    }
    hold(same);
    sequence.chain().add(same);
    return true;
  }

  private void hold(PrefixCache.Block block) {
    if (references[0][block.place(0)] == 0) {
      cache.hold(block);
    }
    for (int group = 0; group < free.length; group++) {
      references[group][block.place(group)]++;
    }
  }

  private static PrefixCache.Block last(List<PrefixCache.Block> chain) {
    return chain.isEmpty() ? null : chain.get(chain.size() - 1);
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

  /** Lets go of all that a sequence holds, from its end, and of what it was expected to compute. */
  void release(Sequence sequence) {
    List<PrefixCache.Block> chain = sequence.chain();
    for (int i = chain.size() - 1; i >= 0 && !chain.get(i).isComputed(); i--) {
      cache.giveUp(chain.get(i));
    }
    chain.clear();
    release(sequence.tables());
  }

  /** Lets go of all blocks of the tables, from the last to the first, and empties them. */
  void release(BlockTable[] tables) {
    for (int i = tables[0].size() - 1; i >= 0; i--) {
      PrefixCache.Block kept = known[tables[0].block(i)];
      for (int group = 0; group < tables.length; group++) {
        int block = tables[group].block(i);
        if (references[group][block] < 1) {
          throw new IllegalStateException("Block released twice: " + group + ", " + block);
        }
        if (--references[group][block] == 0 && kept == null) {
          free[group][freeCounts[group]++] = block;
        }
      }
      if (kept != null && references[0][kept.place(0)] == 0) {
        cache.letGo(kept);
      }
    }
    for (BlockTable table : tables) {
      table.clear();
    }
  }

  /** Forgets what the blocks hold. No sequence may hold any. */
  void forget() {
    while (cache != null && cache.unused() > 0) {
      evict();
    }
    if (freeBlocks() != poolSize()) {
      throw new IllegalStateException("Blocks are held: " + (poolSize() - freeBlocks()));
    }
  }

  private void evict() {
    PrefixCache.Block block = cache.evict();
    known[block.place(0)] = null;
    for (int group = 0; group < free.length; group++) {
      free[group][freeCounts[group]++] = block.place(group);
    }
  }

  private int take(int group) {
    if (freeCounts[group] == 0 && cache != null && cache.unused() > 0) {
      evict();
    }
    if (freeCounts[group] == 0) {
      throw new IllegalStateException("No free block in group " + group);
    }
    int block = free[group][--freeCounts[group]];
    references[group][block] = 1;
    return block;
  }
}
