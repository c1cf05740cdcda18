package io.sparkllama.engine.scheduler;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;

/**
 * Remembers which full blocks hold the keys and values of which tokens, so that sequences which
 * begin alike have them computed once.
 *
 * <p>A block is known by its tokens and by the block before it, compared token by token: never by a
 * hash alone. One that no sequence holds any more is kept until its memory is wanted, the one let
 * go longest ago first; blocks of a sequence are let go from its end, so that none outlives the one
 * before it.
 *
 * <p>A block that is being computed is known as well: who needs it waits for it. One thread at a
 * time.
 */
final class PrefixCache {
  /** Is one block of a prefix: its tokens, after those of the blocks before it. */
  static final class Block {
    private final Block before; // null for the first
    private final int[] tokens;
    private final int hash;
    private int[] places; // [groups], in the pools; null while it is being computed

    private Block(Block before, int[] tokens) {
      this.before = before;
      this.tokens = tokens;
      this.hash = 31 * System.identityHashCode(before) + Arrays.hashCode(tokens);
    }

    boolean isComputed() {
      return places != null;
    }

    /** Returns the block's number in a group's pool. */
    int place(int group) {
      return places[group];
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Block block
          && block.before == before
          && Arrays.equals(block.tokens, tokens);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private final int blockSize;
  private final Map<Block, Block> known = new HashMap<>();
  private final LinkedHashSet<Block> unused = new LinkedHashSet<>(); // let go longest ago first

  PrefixCache(int blockSize) {
    this.blockSize = blockSize;
  }

  /** Returns the block of a sequence that follows a block; null where it is not known. */
  Block next(Block before, Sequence sequence, int index) {
    return known.get(new Block(before, tokens(sequence, index)));
  }

  /** Makes the block known that follows a block in a sequence, as one that is being computed. */
  Block expect(Block before, Sequence sequence, int index) {
    Block block = new Block(before, tokens(sequence, index));
    if (known.putIfAbsent(block, block) != null) {
      throw new IllegalStateException("The block is known already");
    }
    return block;
  }

  /** Notes that a block has been computed, and where it is. */
  void computed(Block block, int[] places) {
    if (block.isComputed()) {
      throw new IllegalStateException("The block was computed before");
    }
    block.places = places;
  }

  /** Forgets a block that will not be computed. */
  void giveUp(Block block) {
    if (block.isComputed() || known.remove(block) != block) {
      throw new IllegalStateException("The block is computed, or not known");
    }
  }

  /** Notes that no sequence holds a block any more. */
  void letGo(Block block) {
    unused.add(block);
  }

  /** Notes that a block is held again. */
  void hold(Block block) {
    unused.remove(block);
  }

  /** Returns how many blocks no sequence holds. */
  int unused() {
    return unused.size();
  }

  /** Forgets the block that was let go longest ago, whose places are then free. */
  Block evict() {
    Block oldest = unused.iterator().next();
    unused.remove(oldest);
    known.remove(oldest);
    return oldest;
  }

  private int[] tokens(Sequence sequence, int index) {
    int[] tokens = new int[blockSize];
    for (int i = 0; i < blockSize; i++) {
      tokens[i] = sequence.token(index * blockSize + i);
    }
    return tokens;
  }
}
