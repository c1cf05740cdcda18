package io.sparkllama.engine.api;

/**
 * Says what a GPU is, as its driver tells.
 *
 * @param freeBytes of its memory, when it was opened
 * @param totalBytes of its memory
 * @param capabilityMajor of its compute capability, before the dot
 * @param capabilityMinor after the dot
 */
public record DeviceFacts(
    String name,
    long freeBytes,
    long totalBytes,
    int multiprocessors,
    int capabilityMajor,
    int capabilityMinor) {

  /** Returns a line for logs: what it is, and how much of its memory is free. */
  public String description() {
    return name
        + ", compute capability "
        + capabilityMajor
        + "."
        + capabilityMinor
        + ", "
        + multiprocessors
        + " multiprocessors, "
        + ByteCount.readable(freeBytes)
        + " of "
        + ByteCount.readable(totalBytes)
        + " free";
  }
}
