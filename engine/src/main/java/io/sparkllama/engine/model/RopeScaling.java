package io.sparkllama.engine.model;

/** Stretches RoPE beyond the context that a model was first trained on. */
public sealed interface RopeScaling {
  /** Leaves positions as they are. */
  record None() implements RopeScaling {}

  /** Divides positions by a factor. */
  record Linear(double factor) implements RopeScaling {}

  /**
   * Divides each pair's frequency by its own factor: the tensor {@code rope_freqs.weight}, as Llama
   * 3.1 has it.
   */
  record Factors() implements RopeScaling {}

  /**
   * Divides each pair's frequency by its own factor, one set for contexts up to the original one
   * and one for longer contexts (LongRoPE): the tensors {@code rope_factors_short.weight} and
   * {@code rope_factors_long.weight}.
   *
   * @param originalContext tokens
   * @param magnitude that queries and keys are multiplied by as they are turned
   */
  record LongFactors(int originalContext, double magnitude) implements RopeScaling {}
}
