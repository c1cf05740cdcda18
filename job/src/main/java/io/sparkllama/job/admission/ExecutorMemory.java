package io.sparkllama.job.admission;

import io.sparkllama.engine.api.DeviceMemory;
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
 * @param gpu what the engine takes of a GPU's memory, its KV cache 0 where that is for the executor
 *     to settle; empty where it computes on the processor
 */
public record ExecutorMemory(
    SizeOrShare kvCacheMemory,
    EngineMemory engine,
    JavaMemory java,
    Optional<MemoryLimit> limit,
    Optional<DeviceMemory> gpu) {

  /** Says what an engine on the processor takes. */
  public ExecutorMemory(
      SizeOrShare kvCacheMemory,
      EngineMemory engine,
      JavaMemory java,
      Optional<MemoryLimit> limit) {
    this(kvCacheMemory, engine, java, limit, Optional.empty());
  }

  /** Returns the bytes of the KV cache, wherever it lies. */
  public long kvCache() {
    return gpu.map(DeviceMemory::kvCache).orElse(engine.kvCache());
  }

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
