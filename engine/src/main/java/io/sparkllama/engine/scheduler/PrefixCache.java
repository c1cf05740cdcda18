package io.sparkllama.engine.scheduler;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Remembers which full blocks hold the keys and values of which tokens, so that sequences which
 * begin alike have them computed once.
 *
 * <p>A block is known by its tokens and by the block before it, compared token by token; the first
 * ones of sequences by their adapter, which decides all keys and values. Those that follow the same
 * block are ordered by their tokens, so that the one which shares the most leading tokens with a
 * sequence stands beside the place where the sequence's own would. A block that no sequence holds
 * any more is kept until its memory is wanted, the one let go longest ago first; blocks of a
 * sequence are let go from its end, so that none outlives the one before it.
 *
 * <p>A block that is being computed is known as well: who needs it waits for it. One thread at a
 * time.
 */
final class PrefixCache {
  /** Is one block of a prefix: its tokens, after those of the blocks before it. */
  static final class Block {
    private static final Comparator<Block> BY_TOKENS =
        (one, other) -> Arrays.compare(one.tokens, other.tokens);

    private final Block before; // null for what stands before the first ones of an adapter
    private final int[] tokens; // [blockSize], fewer in one that is only looked for
    private TreeSet<Block> following; // null before the first that follows
    private int[] places; // [groups], in the pools; null unless it has been computed
    private boolean givenUp;

    private Block(Block before, int[] tokens) {
      this.before = before;
      this.tokens = tokens;
    }

    boolean isComputed() {
      return places != null;
    }

    /** Returns whether a sequence is going to compute it. */
    boolean isExpected() {
      return places == null && !givenUp;
    }

    /** Returns the block's number in a group's pool. */
    int place(int group) {
      return places[group];
    }

    private int tokensInCommon(Block other) {
      int mismatch = Arrays.mismatch(tokens, other.tokens);
      return mismatch < 0 ? tokens.length : mismatch;
    }
  }

  /**
   * Is a computed block that begins like a sequence's next one.
   *
   * @param tokens how many leading tokens they share, at least 1
   */
  record Beginning(Block block, int tokens) {}

  private static final NavigableSet<Block> NONE =
      Collections.unmodifiableNavigableSet(new TreeSet<>(Block.BY_TOKENS));

  private final int blockSize;
  private final Map<Integer, Block> origins = new HashMap<>(); // by adapter: no block, but before
  private final LinkedHashSet<Block> unused = new LinkedHashSet<>(); // let go longest ago first

  PrefixCache(int blockSize) {
    this.blockSize = blockSize;
  }

  /** Returns the block of a sequence that follows a block; null where it is not known. */
  Block next(Block before, Sequence sequence, int index) {
    Block wanted = new Block(origin(before, sequence), tokens(sequence, index));
    Block found = following(wanted.before).floor(wanted);
    return found != null && Block.BY_TOKENS.compare(found, wanted) == 0 ? found : null;
  }

  /**
   * Returns the computed block after a block that shares the most leading tokens with a sequence's
   * next one; null where none shares any.
   */
  Beginning beginning(Block before, Sequence sequence, int index) {
    Block wanted = new Block(origin(before, sequence), tokens(sequence, index));
    NavigableSet<Block> known = following(wanted.before);
    Beginning above = nearest(known.tailSet(wanted, /* inclusive= */ true), wanted);
    Beginning below =
        nearest(known.headSet(wanted, /* inclusive= */ false).descendingSet(), wanted);
    if (above == null || below == null) {
      return above == null ? below : above;
    }
    return below.tokens() > above.tokens() ? below : above;
  }

  /**
   * Looks from the wanted block's place outwards; those that are being computed are passed over.
   */
  private static Beginning nearest(NavigableSet<Block> outwards, Block wanted) {
    for (Block block : outwards) {
      int shared = block.tokensInCommon(wanted);
      if (shared == 0) {
        return null;
      }
      if (block.isComputed()) {
        return new Beginning(block, shared);
      }
    }
    return null;
  }

  /** Makes the block known that follows a block in a sequence, as one that is being computed. */
  Block expect(Block before, Sequence sequence, int index) {
    Block block = new Block(origin(before, sequence), tokens(sequence, index));
    if (block.before.following == null) {
      block.before.following = new TreeSet<>(Block.BY_TOKENS);
    }
    if (!following(block.before).add(block)) {
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
    if (!block.isExpected() || !forget(block)) {
      throw new IllegalStateException("The block is computed, or not known");
    }
    block.givenUp = true;
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
    forget(oldest);
    return oldest;
  }

  private boolean forget(Block block) {
    return following(block.before).remove(block);
  }

  /** Returns the blocks that are known to follow a block. */
  private static NavigableSet<Block> following(Block before) {
    return before.following == null ? NONE : before.following;
  }

  /**
   * Returns what stands before a block of a sequence: where no block does, its adapter's origin.
   */
  private Block origin(Block before, Sequence sequence) {
    return before == null
        ? origins.computeIfAbsent(sequence.adapter(), any -> new Block(null, new int[0]))
        : before;
  }

  private int[] tokens(Sequence sequence, int index) {
    int begin = index * blockSize;
    int[] tokens = new int[Math.min(blockSize, sequence.length() - begin)];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = sequence.token(begin + i);
    }
    return tokens;
  }
}
