package io.sparkllama.engine.scheduler;

/**
 * Limits one step.
 *
 * @param sequences most sequences that are under way
 * @param tokens most tokens
 * @param chunk most tokens of one sequence
 * @param rows most positions whose logits are wanted
 * @param candidates most ids whose log-probabilities are wanted
 */
public record SchedulerLimits(int sequences, int tokens, int chunk, int rows, int candidates) {
  public SchedulerLimits {
    if (Math.min(Math.min(sequences, tokens), Math.min(Math.min(chunk, rows), candidates)) < 1) {
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
              + " candidates");
    }
  }
}
