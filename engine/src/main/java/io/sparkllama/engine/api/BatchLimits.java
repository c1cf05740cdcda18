package io.sparkllama.engine.api;

/**
 * Limits one step of an engine.
 *
 * @param sequences in it
 * @param tokens in it, of all sequences together
 * @param chunk tokens that one sequence may have in it
 */
public record BatchLimits(int sequences, int tokens, int chunk) {
  private static final BatchLimits PROCESSOR = new BatchLimits(64, 512, 512);

  /** Each step reads all weights: a GPU computes with many times as many tokens meanwhile. */
  private static final BatchLimits GPU = new BatchLimits(256, 2048, 2048);

  /** Returns what suits a device where the user says nothing. */
  public static BatchLimits usual(Device device) {
    return device.isGpu() ? GPU : PROCESSOR;
  }
}
