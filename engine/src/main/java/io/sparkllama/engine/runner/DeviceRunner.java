package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.store.PackedModel;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens runners on a GPU, with as large a KV cache as its memory has room for. */
public final class DeviceRunner {
  private static final Logger LOG = LoggerFactory.getLogger(DeviceRunner.class);

  /** Tries with smaller and smaller caches; the last has a third of the first. */
  private static final int ATTEMPTS = 5;

  private DeviceRunner() {}

  /**
   * Starts a worker process and sets a runner up on a device. Where the options leave the KV cache
   * open, it is as large as all sequences need, or as the device leaves room for; and smaller where
   * the device has less room than it said.
   *
   * @param device as a worker found it that ran before
   * @throws InsufficientMemoryException where the device has not the memory
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where an option cannot be met
   */
  public static WorkerModelRunner open(
      ModelConfig config,
      WeightMap weights,
      List<Path> parts,
      PackedModel packed,
      EngineOptions options,
      DeviceFacts device) {
    DeviceFit fit = DeviceFit.of(config, packed.tensors(), options, device.multiprocessors());
    long first = fit.on(device).kvCache();
    LOG.info(
        "Opening a GPU ({}) for a KV cache of {}: {}",
        options.device(),
        ByteCount.readable(first),
        device.description());
    if (fit.given() > 0) {
      return WorkerModelRunner.open(config, weights, parts, packed, options);
    }
    KvPlan usual = KvPlan.of(config, options);
    return smaller(
        first,
        fit.least(),
        bytes -> {
          KvPlan plan = usual.resized(bytes);
          RunnerSetup setup = RunnerSetup.of(config, weights, parts, packed, options, plan);
          return WorkerModelRunner.open(
              setup, options.nativeDirectory(), WorkerSettings.of(options, packed.length()));
        });
  }

  /**
   * Tries with three quarters of the memory, and again, where it cannot be had.
   *
   * @param least that is tried at all
   */
  static <R> R smaller(long first, long least, LongFunction<R> open) {
    long bytes = first;
    for (int attempt = 1; ; attempt++) {
      try {
        return open.apply(bytes);
      } catch (InsufficientMemoryException lacking) {
        long next = Math.max(least, bytes / 4 * 3);
        if (attempt == ATTEMPTS || next >= bytes) {
          throw lacking;
        }
        LOG.warn(
            "The GPU has not the memory for a KV cache of {}, and is asked for {}: {}",
            ByteCount.readable(bytes),
            ByteCount.readable(next),
            lacking.getMessage());
        bytes = next;
      }
    }
  }
}
