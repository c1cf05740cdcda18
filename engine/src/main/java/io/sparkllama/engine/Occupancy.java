package io.sparkllama.engine;

/**
 * Tells how full batches and pools are.
 *
 * @param stepSequences sequences in a step, summed up over all steps
 * @param lastSequences sequences in the last step
 * @param usedBlocks KV blocks that sequences hold; those that the prefix cache alone keeps are free
 * @param blocks KV blocks that there are, in the smallest pool
 */
public record Occupancy(long stepSequences, int lastSequences, int usedBlocks, int blocks) {
  static final Occupancy NONE = new Occupancy(0, 0, 0, 0);
}
