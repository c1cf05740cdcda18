package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.DeviceMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.store.PackedTensor;
import java.util.List;

/**
 * Fits an engine into a GPU's memory.
 *
 * @param given bytes of the KV cache; 0 where they are to be chosen
 * @param wanted bytes that all sequences' whole contexts take
 * @param least bytes of one whole context, or of the cache that a processor's engine has at most
 *     without being told: with less, rows would have errors here that they have not there
 * @param fixed what the engine takes beside the cache
 */
public record DeviceFit(long given, long wanted, long least, DeviceMemory fixed) {
  /**
   * Adds up what an engine takes of any device: of one with the most multiprocessors.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where an option cannot be met
   */
  public static DeviceFit of(
      ModelConfig config, List<PackedTensor> weights, EngineOptions options) {
    return of(config, weights, options, DeviceBuffers.MOST_MULTIPROCESSORS);
  }

  /** Adds up what it takes of a device with so many multiprocessors; throws as the other. */
  public static DeviceFit of(
      ModelConfig config, List<PackedTensor> weights, EngineOptions options, int multiprocessors) {
    KvPlan usual = KvPlan.of(config, options.withKvCacheMemory(0));
    BatchCapacity capacity = RunnerSetup.capacity(config, usual, options);
    long context = KvPlan.contextBytes(config, options);
    return new DeviceFit(
        options.kvCacheMemory(),
        Math.multiplyExact(context, options.maxSequences()),
        Math.min(context, usual.bytes()),
        new DeviceMemory(
            DeviceWeights.bytes(weights),
            0,
            DeviceBuffers.of(config, capacity, multiprocessors).total()));
  }

  /** Returns what is known without the device: its KV cache is 0 where that is to be chosen. */
  public DeviceMemory memory() {
    return fixed.withKvCache(given);
  }

  /**
   * Chooses the KV cache where nobody has given its bytes: for all sequences, or what is left.
   *
   * @throws InsufficientMemoryException where the device has not the memory
   */
  public DeviceMemory on(DeviceFacts device) {
    long room = fixed.room(device);
    DeviceMemory chosen = fixed.withKvCache(given > 0 ? given : Math.min(wanted, room));
    boolean fits = given > 0 ? chosen.total() <= device.freeBytes() : room >= least;
    if (!fits) {
      throw new InsufficientMemoryException(sentence(device, given > 0 ? given : least));
    }
    return chosen;
  }

  private String sentence(DeviceFacts device, long kvCache) {
    return "The GPU's memory does not suffice for an engine with this model; free what other"
        + " processes hold of it, take a smaller model or GPU with more memory, lower "
        + (given > 0 ? "engine.kv-cache-memory" : "engine.context-length")
        + " or engine.max-batch-tokens, or set engine.device to cpu: weights "
        + ByteCount.readable(fixed.weights())
        + ", KV cache at least "
        + ByteCount.readable(kvCache)
        + ", buffers "
        + ByteCount.readable(fixed.buffers())
        + ", and there are "
        + device.description();
  }
}
