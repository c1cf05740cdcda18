package io.sparkllama.engine.api;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Configures an engine. None of these options changes an answer, but the KV cache's type, the
 * window, the adapters, and the context's length with models that have factors of RoPE for long
 * contexts.
 *
 * @param threads native threads; 0 takes the processors that this JVM may use
 * @param kvCacheMemory bytes for the KV cache; 0 takes room for {@code maxSequences} sequences of
 *     the whole context, at most 1 GiB, or on a GPU what its memory leaves for them. It may hold
 *     less than one whole context: a row that needs more than it holds gets an error
 * @param maxSequences sequences in one step
 * @param maxBatchTokens tokens in one step
 * @param prefillChunk tokens of one sequence in one step
 * @param contextLength most tokens of a sequence; 0 takes the model's
 * @param slidingWindow positions that attention reaches back over, of models whose file says none
 *     but which were trained with one; 0 takes what the file says
 * @param prefixCache whether keys and values of what sequences begin with alike are computed once
 * @param device what computes the steps
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
    Device device,
    Isolation isolation,
    int isolationTimeout,
    Optional<Path> nativeDirectory,
    Optional<Path> cacheDirectory,
    List<AdapterFile> adapters) {
  /** Most adapters of an engine. */
  public static final int MOST_ADAPTERS = 1024;

  private static final BatchLimits LIMITS = BatchLimits.usual(Device.PROCESSOR);

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
    requireRunnable(device, isolation, adapters);
  }

  /**
   * Returns the options that suit most: all processors, a 16-bit KV cache, 64 sequences, 512 tokens
   * a step, native code in a process of its own.
   */
  public static EngineOptions defaults() {
    return new EngineOptions(
        0,
        KvCacheType.F16,
        0,
        LIMITS.sequences(),
        LIMITS.tokens(),
        LIMITS.chunk(),
        0,
        0,
        true,
        InstructionSet.AUTO,
        Device.PROCESSOR,
        Isolation.PROCESS,
        60,
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  public EngineOptions withThreads(int value) {
    return with(draft -> draft.threads = value);
  }

  public EngineOptions withKvCacheType(KvCacheType value) {
    return with(draft -> draft.kvCacheType = value);
  }

  public EngineOptions withKvCacheMemory(long value) {
    return with(draft -> draft.kvCacheMemory = value);
  }

  /**
   * Limits one step: its sequences, its tokens, and the tokens that one sequence may have in it.
   */
  public EngineOptions withBatchLimits(int sequences, int tokens, int chunk) {
    return with(
        draft -> {
          draft.maxSequences = sequences;
          draft.maxBatchTokens = tokens;
          draft.prefillChunk = chunk;
        });
  }

  public EngineOptions withContextLength(int value) {
    return with(draft -> draft.contextLength = value);
  }

  public EngineOptions withSlidingWindow(int value) {
    return with(draft -> draft.slidingWindow = value);
  }

  public EngineOptions withPrefixCache(boolean value) {
    return with(draft -> draft.prefixCache = value);
  }

  public EngineOptions withInstructionSet(InstructionSet value) {
    return with(draft -> draft.instructionSet = value);
  }

  /** Sets what computes the steps, and nothing of what suits it: see {@link BatchLimits#usual}. */
  public EngineOptions withDevice(Device value) {
    return with(draft -> draft.device = value);
  }

  public EngineOptions withIsolation(Isolation value) {
    return with(draft -> draft.isolation = value);
  }

  /**
   * Sets how long a step in a process of its own may take at least before it counts as hanging.
   *
   * @param seconds at least 1
   */
  public EngineOptions withIsolationTimeout(int seconds) {
    return with(draft -> draft.isolationTimeout = seconds);
  }

  public EngineOptions withNativeDirectory(Path value) {
    return with(draft -> draft.nativeDirectory = Optional.of(value));
  }

  public EngineOptions withCacheDirectory(Path value) {
    return with(draft -> draft.cacheDirectory = Optional.of(value));
  }

  public EngineOptions withAdapters(List<AdapterFile> value) {
    return with(draft -> draft.adapters = value);
  }

  /** Returns the same with something changed. */
  private EngineOptions with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.options();
  }

  /** Is options under change. */
  private static final class Draft {
    private int threads;
    private KvCacheType kvCacheType;
    private long kvCacheMemory;
    private int maxSequences;
    private int maxBatchTokens;
    private int prefillChunk;
    private int contextLength;
    private int slidingWindow;
    private boolean prefixCache;
    private InstructionSet instructionSet;
    private Device device;
    private Isolation isolation;
    private int isolationTimeout;
    private Optional<Path> nativeDirectory;
    private Optional<Path> cacheDirectory;
    private List<AdapterFile> adapters;

    Draft(EngineOptions options) {
      threads = options.threads;
      kvCacheType = options.kvCacheType;
      kvCacheMemory = options.kvCacheMemory;
      maxSequences = options.maxSequences;
      maxBatchTokens = options.maxBatchTokens;
      prefillChunk = options.prefillChunk;
      contextLength = options.contextLength;
      slidingWindow = options.slidingWindow;
      prefixCache = options.prefixCache;
      instructionSet = options.instructionSet;
      device = options.device;
      isolation = options.isolation;
      isolationTimeout = options.isolationTimeout;
      nativeDirectory = options.nativeDirectory;
      cacheDirectory = options.cacheDirectory;
      adapters = options.adapters;
    }

    EngineOptions options() {
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
          device,
          isolation,
          isolationTimeout,
          nativeDirectory,
          cacheDirectory,
          adapters);
    }
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

  private static void requireRunnable(
      Device device, Isolation isolation, List<AdapterFile> adapters) {
    if (device.isGpu() && isolation == Isolation.NONE) {
      throw new InvalidConfigurationException(
          "A GPU is opened in a worker process alone, and engine.isolation is none: set"
              + " engine.isolation to process, or engine.device to cpu");
    }
    device.requireRunsAdapters(adapters.size());
  }

  private static void require(boolean holds, String key, String wanted, long value) {
    if (!holds) {
      throw new InvalidConfigurationException(
          "engine." + key + " must be " + wanted + ": " + value);
    }
  }
}
