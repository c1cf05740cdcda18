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
}
