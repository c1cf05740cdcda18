package io.sparkllama.engine;

import io.sparkllama.engine.constraint.AnswerPlace;
import io.sparkllama.engine.scheduler.Sequence;

/** Takes sequences into the schedule and out of it. The engine's thread only. */
interface SequenceOwner {
  void add(Sequence sequence, Work<?> work);

  void finish(Sequence sequence);

  /**
   * Returns whether the mask of a place is there for the next step. Where it is not, it is made,
   * which ends the wait of those who wait for it.
   */
  boolean hasMask(AnswerPlace place);

  /** Returns whether a sequence of so many positions fits the KV cache when it is alone. */
  boolean fits(int positions);

  /** Returns whether a sequence and one fork of it fit the KV cache when they are alone. */
  boolean fitsForked(int prefix, int positions);
}
