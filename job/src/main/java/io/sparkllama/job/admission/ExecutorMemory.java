package io.sparkllama.job.admission;

import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.SizeOrShare;
import java.util.Optional;

/**
 * Says what a process takes that is to open an engine, and what it may take.
 *
 * @param kvCacheMemory in bytes where the limit is known, else as the job says it
 * @param engine its KV cache one whole context where the job says a share, and no limit is known
 * @param limit empty where nothing is known
 */
public record ExecutorMemory(
    SizeOrShare kvCacheMemory, EngineMemory engine, JavaMemory java, Optional<MemoryLimit> limit) {

  /** Returns all that is added up: the engine and the Java heap, with Spark's memory beside it. */
  public long total() {
    return Math.addExact(engine.total(), java.heap() + java.offHeap());
  }

  /**
   * Returns an engine's options with the bytes of its KV cache.
   *
   * @throws InvalidConfigurationException where the job says a share and no limit is known
   */
  public EngineOptions options(EngineOptions options) {
    if (kvCacheMemory instanceof SizeOrShare.Size size) {
      return options.withKvCacheMemory(size.bytes());
    }
    throw new InvalidConfigurationException(
        "engine.kv-cache-memory is a share of the memory that an executor may take, and this system"
            + " does not tell how much that is: give bytes, such as 2g: "
            + kvCacheMemory);
  }
}
