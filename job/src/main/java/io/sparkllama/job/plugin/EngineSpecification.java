package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.job.config.SizeOrShare;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Tells an executor which engine a task needs. It travels with the task; two tasks with equal
 * specifications share an engine.
 *
 * @param modelLocation where the model is, with scheme, as every host can read it
 * @param manifest what the driver read there
 * @param transport how the model and the adapters come to a host
 * @param cacheDirectory where each host keeps the model, absolute; empty takes the standard place
 * @param kvCacheMemory in bytes where the driver knows what an executor may take, so that all have
 *     the same; else as the job says it, for each executor to settle
 * @param device a GPU or none: which, each executor is told by Spark, but in local mode
 * @param isolationTimeout in seconds, as in {@link EngineOptions}
 * @param nativeDirectory as in {@link EngineOptions}; empty takes the system's temporary folder
 * @param adapters that tasks may choose
 */
public record EngineSpecification(
    String modelLocation,
    ModelManifest manifest,
    ModelTransport transport,
    String cacheDirectory,
    int threads,
    KvCacheType kvCacheType,
    SizeOrShare kvCacheMemory,
    int maxSequences,
    int maxBatchTokens,
    int prefillChunk,
    int contextLength,
    int slidingWindow,
    boolean prefixCache,
    InstructionSet instructionSet,
    Device device,
    Isolation isolation,
    int isolationTimeout,
    String nativeDirectory,
    List<AdapterSpecification> adapters)
    implements Serializable {

  /** Makes a specification that travels from options, whose paths do not. */
  public static EngineSpecification of(
      String modelLocation,
      ModelManifest manifest,
      Optional<Path> cacheDirectory,
      EngineOptions options,
      SizeOrShare kvCacheMemory) {
    return new EngineSpecification(
        modelLocation,
        manifest,
        ModelTransport.STORAGE,
        cacheDirectory.map(EngineSpecification::absolute).orElse(""),
        options.threads(),
        options.kvCacheType(),
        kvCacheMemory,
        options.maxSequences(),
        options.maxBatchTokens(),
        options.prefillChunk(),
        options.contextLength(),
        options.slidingWindow(),
        options.prefixCache(),
        options.instructionSet(),
        options.device(),
        options.isolation(),
        options.isolationTimeout(),
        options.nativeDirectory().map(EngineSpecification::absolute).orElse(""),
        List.of());
  }

  /** Each executor has a working directory of its own: a relative path would be as many folders. */
  private static String absolute(Path path) {
    return path.toAbsolutePath().normalize().toString();
  }

  /** Returns the same with another KV cache. */
  public EngineSpecification withKvCacheMemory(SizeOrShare memory) {
    return new EngineSpecification(
        modelLocation,
        manifest,
        transport,
        cacheDirectory,
        threads,
        kvCacheType,
        memory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        device,
        isolation,
        isolationTimeout,
        nativeDirectory,
        adapters);
  }

  /** Returns the same with another way to the hosts. */
  public EngineSpecification withTransport(ModelTransport way) {
    return new EngineSpecification(
        modelLocation,
        manifest,
        way,
        cacheDirectory,
        threads,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        device,
        isolation,
        isolationTimeout,
        nativeDirectory,
        adapters);
  }

  /** Returns the same with adapters. */
  public EngineSpecification withAdapters(List<AdapterSpecification> all) {
    return new EngineSpecification(
        modelLocation,
        manifest,
        transport,
        cacheDirectory,
        threads,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        device,
        isolation,
        isolationTimeout,
        nativeDirectory,
        List.copyOf(all));
  }

  /**
   * Returns the engine's options on an executor, but for the KV cache's memory: 0, until it is
   * known what fits; and for the adapters: none, until they are on its host.
   *
   * @param executorCores threads where the job leaves their number open
   * @param here what the executor's engine computes on
   */
  public EngineOptions options(int executorCores, Device here) {
    return new EngineOptions(
        threads == 0 ? executorCores : threads,
        kvCacheType,
        0,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        here,
        isolation,
        isolationTimeout,
        nativeDirectory.isEmpty() ? Optional.empty() : Optional.of(Path.of(nativeDirectory)),
        cacheDirectory.isEmpty() ? Optional.empty() : Optional.of(Path.of(cacheDirectory)),
        List.of());
  }
}
