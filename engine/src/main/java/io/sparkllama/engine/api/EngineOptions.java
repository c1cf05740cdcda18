package io.sparkllama.engine.api;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Configures an engine. None of these options changes an answer, but the KV cache's type, the
 * window, the adapters, and the context's length with models that have factors of RoPE for long
 * contexts.
 *
 * @param threads native threads; 0 takes the processors that this JVM may use
 * @param kvCacheMemory bytes for the KV cache; 0 takes room for {@code maxSequences} sequences of
 *     the whole context, at most 1 GiB. It may hold less than one whole context: a row that needs
 *     more than it holds gets an error
 * @param maxSequences sequences in one step
 * @param maxBatchTokens tokens in one step
 * @param prefillChunk tokens of one sequence in one step
 * @param contextLength most tokens of a sequence; 0 takes the model's
 * @param slidingWindow positions that attention reaches back over, of models whose file says none
 *     but which were trained with one; 0 takes what the file says
 * @param prefixCache whether keys and values of what sequences begin with alike are computed once
 * @param isolation whether native code runs in a process of its own
 * @param isolationTimeout seconds that a step in such a process may take at least before it counts
 *     as hanging
 * @param nativeDirectory where the native library and the worker are extracted or found; empty
 *     takes the system's temporary folder
 * @param cacheDirectory where the weights are kept as the kernels read them, of models that lie
 *     elsewhere than in a cache; empty takes the standard place
 * @param adapters that requests may choose, each by its name
 */
public record EngineOptions(
    int threads,
    KvCacheType kvCacheType,
    long kvCacheMemory,
    int maxSequences,
    int maxBatchTokens,
    int prefillChunk,
    int contextLength,
    int slidingWindow,
    boolean prefixCache,
    InstructionSet instructionSet,
    Isolation isolation,
    int isolationTimeout,
    Optional<Path> nativeDirectory,
    Optional<Path> cacheDirectory,
    List<AdapterFile> adapters) {
  /** Most adapters of an engine. */
  public static final int MOST_ADAPTERS = 1024;

  public EngineOptions {
    require(threads >= 0 && threads <= 4096, "threads", "between 0 and 4096", threads);
    require(kvCacheMemory >= 0, "kv-cache-memory", "at least 0 bytes", kvCacheMemory);
    require(
        maxSequences >= 1 && maxSequences <= 4096,
        "max-sequences",
        "between 1 and 4096",
        maxSequences);
    require(
        maxBatchTokens >= 1 && maxBatchTokens <= 65536,
        "max-batch-tokens",
        "between 1 and 65536",
        maxBatchTokens);
    require(prefillChunk >= 1, "prefill-chunk", "at least 1", prefillChunk);
    require(contextLength >= 0, "context-length", "at least 0", contextLength);
    require(slidingWindow >= 0, "sliding-window", "at least 0", slidingWindow);
    require(isolationTimeout >= 1, "isolation-timeout", "at least 1 second", isolationTimeout);
    adapters = List.copyOf(adapters);
    requireAdapters(adapters);
  }

  /**
   * Returns the options that suit most: all processors, a 16-bit KV cache, 64 sequences, 512 tokens
   * a step.
   */
  public static EngineOptions defaults() {
    return new EngineOptions(
        0,
        KvCacheType.F16,
        0,
        64,
        512,
        512,
        0,
        0,
        true,
        InstructionSet.AUTO,
        Isolation.NONE,
        60,
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  public EngineOptions withThreads(int value) {
    return new EngineOptions(
        value,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withKvCacheType(KvCacheType value) {
    return new EngineOptions(
        threads,
        value,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withKvCacheMemory(long value) {
    return new EngineOptions(
        threads,
        kvCacheType,
        value,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  /**
   * Limits one step: its sequences, its tokens, and the tokens that one sequence may have in it.
   */
  public EngineOptions withBatchLimits(int sequences, int tokens, int chunk) {
    return new EngineOptions(
        threads,
        kvCacheType,
        kvCacheMemory,
        sequences,
        tokens,
        chunk,
        contextLength,
        slidingWindow,
        prefixCache,
        instructionSet,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withContextLength(int value) {
    return new EngineOptions(
        threads,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        value,
        slidingWindow,
        prefixCache,
        instructionSet,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withSlidingWindow(int value) {
    return new EngineOptions(
        threads,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        value,
        prefixCache,
        instructionSet,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withPrefixCache(boolean value) {
    return new EngineOptions(
        threads,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        value,
        instructionSet,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withInstructionSet(InstructionSet value) {
    return new EngineOptions(
        threads,
        kvCacheType,
        kvCacheMemory,
        maxSequences,
        maxBatchTokens,
        prefillChunk,
        contextLength,
        slidingWindow,
        prefixCache,
        value,
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withIsolation(Isolation value) {
    return new EngineOptions(
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
        value,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  /**
   * Sets how long a step in a process of its own may take at least before it counts as hanging.
   *
   * @param seconds at least 1
   */
  public EngineOptions withIsolationTimeout(int seconds) {
    return new EngineOptions(
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
        isolation,
        seconds,
        nativeDirectory,
        cacheDirectory,
        adapters);
  }

  public EngineOptions withNativeDirectory(Path value) {
    return new EngineOptions(
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
        isolation,
        isolationTimeout,
        Optional.of(value),
        cacheDirectory,
        adapters);
  }

  public EngineOptions withCacheDirectory(Path value) {
    return new EngineOptions(
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
        isolation,
        isolationTimeout,
        nativeDirectory,
        Optional.of(value),
        adapters);
  }

  public EngineOptions withAdapters(List<AdapterFile> value) {
    return new EngineOptions(
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
        isolation,
        isolationTimeout,
        nativeDirectory,
        cacheDirectory,
        value);
  }

  private static void requireAdapters(List<AdapterFile> adapters) {
    if (adapters.size() > MOST_ADAPTERS) {
      throw new InvalidConfigurationException(
          "An engine may have at most " + MOST_ADAPTERS + " adapters: " + adapters.size());
    }
    Set<String> names = new HashSet<>();
    for (AdapterFile adapter : adapters) {
      if (!names.add(adapter.name())) {
        throw new InvalidConfigurationException(
            "Two adapters have one name; give each its own: " + adapter.name());
      }
    }
  }

  private static void require(boolean holds, String key, String wanted, long value) {
    if (!holds) {
      throw new InvalidConfigurationException(
          "engine." + key + " must be " + wanted + ": " + value);
    }
  }
}
