package io.sparkllama.job.admission;

import io.sparkllama.engine.api.ByteCount;

/**
 * Bounds what a process may take.
 *
 * @param origin what says so: a file of the system, or settings of Spark
 */
public record MemoryLimit(long bytes, String origin, Remedy remedy) {

  /** Says what raises a limit. */
  public enum Remedy {
    /** Spark asks for the container, by its settings. */
    MEMORY_OVERHEAD {
      @Override
      String sentence(long missing) {
        long mebibyte = 1 << 20;
        return "raise spark.executor.memoryOverhead by "
            + (missing + mebibyte - 1) / mebibyte
            + " MiB";
      }
    },
    /** Somebody else has made the container. */
    CONTAINER {
      @Override
      String sentence(long missing) {
        return "give the container " + ByteCount.readable(missing) + " more";
      }
    },
    /** There is no container, but only so much memory. */
    MACHINE {
      @Override
      String sentence(long missing) {
        return "take a machine with " + ByteCount.readable(missing) + " more";
      }
    };

    abstract String sentence(long missing);
  }

  /** Returns the same limit, where another raises it. */
  MemoryLimit raisedBy(Remedy other) {
    return new MemoryLimit(bytes, origin, other);
  }
}
