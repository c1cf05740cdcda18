package io.sparkllama.engine.scheduler;

import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Chooses the tokens of each step.
 *
 * <p>There is no prefill phase and no decode phase: each sequence's computed tokens catch up with
 * its length. Sequences that lack only the token last sampled go first, then those that lack more,
 * then the oldest that wait. Where blocks run out, the youngest sequence gives up its own and waits
 * to be computed again; its tokens stay. Age alone decides, so the oldest request always goes
 * forward and none starves. One thread at a time.
 */
public final class Scheduler {
  private final SchedulerLimits limits;
  private final BlockManager blocks;
  private int rowBlocks; // that a request may need of a pool
  private final TreeSet<Sequence> running = new TreeSet<>(); // those that hold blocks
  private final TreeSet<Sequence> waiting = new TreeSet<>();
  private long requests;
  private long preemptions;
  private long cachedTokens;
  private Predicate<Sequence> chosen = any -> true;
  private boolean anyHeld; // a sequence of this step waits for its leave to sample

  public Scheduler(SchedulerLimits limits, BlockManager blocks) {
    this.limits = limits;
    this.blocks = blocks;
    this.rowBlocks = blocks.poolSize();
  }

  /**
   * Bounds what one request may need, before the first is added.
   *
   * @param most blocks of a pool; there may be more
   */
  public void boundRows(int most) {
    rowBlocks = Math.min(most, blocks.poolSize());
  }

  /** Returns whether a sequence of so many positions fits the pools, within a request's bound. */
  public boolean fits(int positions) {
    return blocks.blocksFor(positions) <= rowBlocks;
  }

  /** Returns whether a parent and one fork of it fit the pools, within a request's bound. */
  public boolean fitsForked(int prefix, int positions) {
    return (long) blocks.blocksFor(prefix) + blocks.blocksForFork(prefix, positions) <= rowBlocks;
  }

  /** Takes a new sequence, which must fit the pools. */
  public void add(Sequence sequence) {
    if (!sequence.isNew()) {
      throw new IllegalArgumentException("The sequence was added before");
    }
    if (sequence.largestProbe() > limits.candidates()) {
      throw new IllegalArgumentException(
          "A probe has more candidates than a step: " + sequence.largestProbe());
    }
    if (sequence.adjustments(sequence.remaining()) > limits.adjustments()) {
      throw new IllegalArgumentException(
          "A row has more adjustments than a step: " + sequence.adjustments(sequence.remaining()));
    }
    sequence.enqueue(requests++, blocks.groups());
    waiting.add(sequence);
  }

  /** Forgets a sequence, whatever its state, and frees its blocks. */
  public void finish(Sequence sequence) {
    if (sequence.isRunning()) {
      blocks.release(sequence);
      running.remove(sequence);
    } else if (sequence.isWaiting()) {
      waiting.remove(sequence);
    }
    sequence.end();
  }

  /**
   * Chooses the next step's tokens and gives them blocks; empty when there is nothing to do, or all
   * that there is waits for its leave to sample.
   */
  public ScheduledBatch schedule() {
    ScheduledBatch batch = new ScheduledBatch(limits);
    anyHeld = false;
    extendRunning(batch);
    admit(batch);
    if (batch.isEmpty()) {
      // All that ran was taken back for an older sequence, which does not fit all the same. What it
      // took of the step, such as rows of logits, is there for the others now.
      extendRunning(batch);
    }
    boolean idle = running.isEmpty() && waiting.isEmpty();
    if (batch.isEmpty() && !idle && !anyHeld) {
      throw new IllegalStateException(
          "No sequence can go forward: "
              + running.size()
              + " running, "
              + waiting.size()
              + " waiting, "
              + blocks.freeBlocks()
              + " free blocks");
    }
    return batch;
  }

  /**
   * Has only such sequences go forward from now on as are chosen when a step is. Those that run
   * already are not asked: {@link #suspend} them where the choice changes.
   */
  public void restrictTo(Predicate<Sequence> newChosen) {
    chosen = newChosen;
  }

  /** Sends all sequences back to waiting, to be computed again; their tokens stay. */
  public void suspend() {
    while (!running.isEmpty()) {
      Sequence youngest = running.pollLast();
      blocks.release(youngest);
      youngest.restart();
      waiting.add(youngest);
    }
  }

  /** Sends all sequences back to waiting, for the KV cache is another: nothing of it is known. */
  public void forget() {
    suspend();
    blocks.forget();
  }

  /** Counts a step's tokens as computed. */
  public void update(ScheduledBatch batch) {
    for (ScheduledBatch.Entry entry : batch.entries()) {
      int from = entry.sequence().numComputedTokens();
      entry.sequence().advance(entry.count());
      blocks.keep(entry.sequence(), from);
    }
  }

  /** Returns the sequences that hold blocks. */
  public int running() {
    return running.size();
  }

  public int waiting() {
    return waiting.size();
  }

  /** Returns how often a sequence gave up its blocks. */
  public long preemptions() {
    return preemptions;
  }

  /** Returns the blocks of the smallest pool. */
  public int blocks() {
    return blocks.poolSize();
  }

  /**
   * Returns the blocks that sequences hold, those that the prefix cache alone keeps not counted.
   */
  public int usedBlocks() {
    return blocks.poolSize() - blocks.freeBlocks();
  }

  /** Returns how many tokens were not computed because the prefix cache had them. */
  public long cachedTokens() {
    return cachedTokens;
  }

  private void extendRunning(ScheduledBatch batch) {
    List<Sequence> byAge = List.copyOf(running);
    for (Sequence sequence : byAge) {
      if (sequence.isRunning() && sequence.isDecoding()) {
        extend(sequence, batch);
      }
    }
    for (Sequence sequence : byAge) {
      if (sequence.isRunning() && !sequence.isDecoding()) {
        extend(sequence, batch);
      }
    }
  }

  private void extend(Sequence sequence, ScheduledBatch batch) {
    int count = batch.room(sequence);
    int end = sequence.numComputedTokens() + count;
    while (blocks.missing(sequence.tables(), end) > blocks.freeBlocks()
        && running.last() != sequence) {
      preempt(running.last(), batch);
    }
    // The youngest waits in place for blocks: those before it either end or take its own.
    count = Math.min(count, blocks.reach(sequence.tables()) - sequence.numComputedTokens());
    if (count > 0) {
      blocks.grow(sequence.tables(), sequence.numComputedTokens() + count);
      batch.add(sequence, count, List.of());
    }
    anyHeld |= count == 0 && sequence.isHeld();
  }

  private void admit(ScheduledBatch batch) {
    long active = running.stream().filter(sequence -> !sequence.isIdle()).count();
    int passedOver = 0;
    Sequence next = waiting.isEmpty() ? null : waiting.first();
    for (; next != null; next = waiting.higher(next)) {
      Sequence sequence = next;
      if (active >= limits.sequences() || batch.isFull()) {
        return;
      }
      if (!sequence.parentIsReady() || !chosen.test(sequence)) {
        continue;
      }
      if (!blocks.attach(sequence)) {
        if (++passedOver > limits.sequences()) {
          return; // to look further would cost more than it finds
        }
        continue;
      }
      if (sequence.isHeld()) {
        anyHeld = true;
        takeBack(sequence); // those behind it need not wait with it
        if (++passedOver > limits.sequences()) {
          return;
        }
        continue;
      }
      if (batch.room(sequence) == 0 || !makeRoom(sequence, batch)) {
        takeBack(sequence);
        return;
      }
      List<BlockCopy> copies =
          sequence.parent() == null
              ? blocks.copyBeginning(sequence)
              : blocks.fork(sequence.parent().tables(), sequence.tables(), sequence.prefix());
      int count = batch.room(sequence);
      if (count == 0) {
        anyHeld |= sequence.isHeld();
        takeBack(sequence); // what is left of it wants more rows of logits than the step has
        return;
      }
      cachedTokens += sequence.numComputedTokens() - sequence.prefix();
      blocks.expect(sequence);
      blocks.grow(sequence.tables(), sequence.numComputedTokens() + count);
      waiting.remove(sequence);
      running.add(sequence);
      sequence.start();
      batch.add(sequence, count, copies);
      active++;
    }
  }

  /** Takes back what a sequence that stays waiting was given. */
  private void takeBack(Sequence sequence) {
    blocks.release(sequence);
    sequence.restart();
  }

  /**
   * Frees room for all tokens that a waiting sequence has, not only the next chunk: one admitted on
   * less would often have to give it back. Only younger sequences make way.
   */
  private boolean makeRoom(Sequence sequence, ScheduledBatch batch) {
    int needed =
        sequence.parent() == null
            ? blocks.missing(sequence.tables(), sequence.length())
            : blocks.blocksForFork(sequence.prefix(), sequence.length());
    while (needed > blocks.freeBlocks()) {
      if (running.isEmpty() || running.last().compareTo(sequence) < 0) {
        return false;
      }
      preempt(running.last(), batch);
    }
    return true;
  }

  private void preempt(Sequence victim, ScheduledBatch batch) {
    batch.remove(victim);
    running.remove(victim);
    blocks.release(victim);
    victim.restart();
    waiting.add(victim);
    preemptions++;
  }
}
