package io.sparkllama.engine.scheduler;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Lists what runs in one step. */
public final class ScheduledBatch {
  /**
   * Holds the next tokens of one sequence.
   *
   * @param count tokens, from {@link Sequence#numComputedTokens} on
   * @param rows of logits wanted among them
   * @param adjustments of the row that a token is sampled from
   * @param copies that must be done first
   */
  public record Entry(
      Sequence sequence,
      int count,
      int rows,
      int candidates,
      int adjustments,
      List<BlockCopy> copies) {}

  private final SchedulerLimits limits;
  private final List<Entry> entries = new ArrayList<>();
  private int tokens;
  private int rows;
  private int candidates;
  private int adjustments;

  ScheduledBatch(SchedulerLimits limits) {
    this.limits = limits;
  }

  public List<Entry> entries() {
    return Collections.unmodifiableList(entries);
  }

  public boolean isEmpty() {
    return entries.isEmpty();
  }

  public int tokens() {
    return tokens;
  }

  /** Returns whether the step has room for no more tokens. */
  boolean isFull() {
    return tokens == limits.tokens();
  }

  /** Returns how many of a sequence's next tokens the step still has room for. */
  int room(Sequence sequence) {
    int count = Math.min(sequence.remaining(), Math.min(limits.chunk(), limits.tokens() - tokens));
    int within =
        sequence.countWithin(count, limits.rows() - rows, limits.candidates() - candidates);
    boolean fits = sequence.adjustments(within) <= limits.adjustments() - adjustments;
    return fits ? within : within - 1; // all but the token that the next is sampled after
  }

  void add(Sequence sequence, int count, List<BlockCopy> copies) {
    Entry entry =
        new Entry(
            sequence,
            count,
            sequence.rows(count),
            sequence.candidates(count),
            sequence.adjustments(count),
            copies);
    entries.add(entry);
    tokens += count;
    rows += entry.rows();
    candidates += entry.candidates();
    adjustments += entry.adjustments();
  }

  void remove(Sequence sequence) {
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      if (entry.sequence() == sequence) {
        tokens -= entry.count();
        rows -= entry.rows();
        candidates -= entry.candidates();
        adjustments -= entry.adjustments();
        entries.remove(i);
        return;
      }
    }
  }
}
