package io.sparkllama.engine.api;

/**
 * Counts the bytes that an engine takes of a GPU's memory, by part.
 *
 * @param weights in the layout that its kernels read, at most
 * @param kvCache keys and values, in all blocks
 * @param buffers of a step: activations, logits, what attention and sampling need, uploads
 */
public record DeviceMemory(long weights, long kvCache, long buffers) {
  /** A driver needs memory of its own, and what it gives is not all in one piece. */
  private static final double USABLE = 0.9;

  /** Returns all parts together. */
  public long total() {
    return Math.addExact(weights, Math.addExact(kvCache, buffers));
  }

  /** Returns what a device leaves for keys and values; negative where it leaves nothing. */
  public long room(DeviceFacts device) {
    return (long) (device.freeBytes() * USABLE) - weights - buffers;
  }

  /** Returns the same with another KV cache. */
  public DeviceMemory withKvCache(long bytes) {
    return new DeviceMemory(weights, bytes, buffers);
  }
}
