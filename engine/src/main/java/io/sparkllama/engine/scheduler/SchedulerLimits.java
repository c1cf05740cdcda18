package io.sparkllama.engine.scheduler;

import java.util.stream.IntStream;

/**
 * Limits one step.
 *
 * @param sequences most sequences that are under way
 * @param tokens most tokens
 * @param chunk most tokens of one sequence
 * @param rows most positions whose logits are wanted
 * @param candidates most ids whose log-probabilities are wanted
 * @param adjustments most ids whose logits are changed before a token is sampled
 */
public record SchedulerLimits(
    int sequences, int tokens, int chunk, int rows, int candidates, int adjustments) {
  public SchedulerLimits {
    if (IntStream.of(sequences, tokens, chunk, rows, candidates, adjustments).min().getAsInt()
        < 1) {
      throw new IllegalArgumentException(
          "A step must have room for one of everything: "
              + sequences
              + " sequences, "
              + tokens
              + " tokens, "
              + chunk
              + " in a chunk, "
              + rows
              + " rows, "
              + candidates
              + " candidates, "
              + adjustments
              + " adjustments");
    }
  }
}
