package io.sparkllama.engine.api;

import java.util.stream.LongStream;

/**
 * Counts the bytes that an engine takes beside the Java heap, by part.
 *
 * @param weights mapped from the packed file: shared by the processes of a host, but read whole by
 *     every step
 * @param kvCache keys and values, in all blocks
 * @param buffers of native code: activations, logits, and the scratch and samplers of all threads
 * @param batch the buffer of a step, which Java and native code share
 * @param adapters matrices of all adapters, which each process has of its own
 */
public record EngineMemory(long weights, long kvCache, long buffers, long batch, long adapters) {

  /** Counts the parts of an engine without adapters. */
  public EngineMemory(long weights, long kvCache, long buffers, long batch) {
    this(weights, kvCache, buffers, batch, 0);
  }

  /** Returns all parts together. */
  public long total() {
    return LongStream.of(weights, kvCache, buffers, batch, adapters).reduce(0, Math::addExact);
  }
}
