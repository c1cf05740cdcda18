package io.sparkllama.engine.api;

/**
 * Counts the bytes that an engine takes beside the Java heap, by part.
 *
 * @param weights mapped from the packed file: shared by the processes of a host, but read whole by
 *     every step
 * @param kvCache keys and values, in all blocks
 * @param buffers of native code: activations, logits, and the scratch and samplers of all threads
 * @param batch the buffer of a step, which Java and native code share
 */
public record EngineMemory(long weights, long kvCache, long buffers, long batch) {

  /** Returns all parts together. */
  public long total() {
    return Math.addExact(weights, Math.addExact(kvCache, Math.addExact(buffers, batch)));
  }
}
