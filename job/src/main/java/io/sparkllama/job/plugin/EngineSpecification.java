package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.store.ModelManifest;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Tells an executor which engine a task needs. It travels with the task; two tasks with equal
 * specifications share an engine.
 *
 * @param modelLocation where the model is, with scheme, as every host can read it
 * @param manifest what the driver read there
 * @param cacheDirectory where each host keeps the model, absolute; empty takes the standard place
 * @param nativeDirectory as in {@link EngineOptions}; empty takes the system's temporary folder
 */
public record EngineSpecification(
    String modelLocation,
    ModelManifest manifest,
    String cacheDirectory,
    int threads,
    KvCacheType kvCacheType,
    long kvCacheMemory,
    int maxSequences,
    int maxBatchTokens,
    int prefillChunk,
    int contextLength,
    boolean prefixCache,
    InstructionSet instructionSet,
    String nativeDirectory)
    implements Serializable {

  /** Makes a specification that travels from options, whose paths do not. */
  public static EngineSpecification of(
      String modelLocation,
      ModelManifest manifest,
      Optional<Path> cacheDirectory,
      EngineOptions options) {
    return new EngineSpecification(
        modelLocation,
        manifest,
        cacheDirectory.map(EngineSpecification::absolute).orElse(""),
        options.threads(),
        options.kvCacheType(),
        options.kvCacheMemory(),
        options.maxSequences(),
        options.maxBatchTokens(),
        options.prefillChunk(),
        options.contextLength(),
        options.prefixCache(),
        options.instructionSet(),
        options.nativeDirectory().map(EngineSpecification::absolute).orElse(""));
  }

  /** Each executor has a working directory of its own: a relative path would be as many folders. */
  private static String absolute(Path path) {
    return path.toAbsolutePath().normalize().toString();
  }

  /**
   * Returns the engine's options on an executor.
   *
   * @param executorCores threads where the job leaves their number open
   */
  public EngineOptions options(int executorCores) {
    return new EngineOptions(
        threads == 0 ? executorCores : threads,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        prefixCache,
        instructionSet,
        nativeDirectory.isEmpty() ? Optional.empty() : Optional.of(Path.of(nativeDirectory)),
        cacheDirectory.isEmpty() ? Optional.empty() : Optional.of(Path.of(cacheDirectory)));
  }
}
