package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.BatchLimits;
import io.sparkllama.engine.api.DeviceChoice;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.KvCacheType;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Configures the engine of a command that runs a model. */
final class EngineArguments {
  private static final EngineOptions DEFAULTS = EngineOptions.defaults();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Native threads; 0 takes all processors (default: ${DEFAULT-VALUE}).")
  private int threads = DEFAULTS.threads();

  @Option(
      names = "--kv-cache-type",
      paramLabel = "TYPE",
      description = "How keys and values are stored: f32, f16 or q8 (default: f16).")
  private KvCacheType kvCacheType = DEFAULTS.kvCacheType();

  @Option(
      names = "--kv-cache-memory",
      paramLabel = "SIZE",
      converter = ByteSize.class,
      description =
          "Memory for the KV cache in bytes, or with KiB, MiB or GiB; 0 takes room for all"
              + " sequences, at most 1GiB, or on a GPU what its memory leaves; a prompt that needs"
              + " more than that GiB gets an error (default: 0).")
  private long kvCacheMemory = DEFAULTS.kvCacheMemory();

  @Option(
      names = "--max-sequences",
      paramLabel = "N",
      description = "Sequences in one step (default: 64; on a GPU 256).")
  private Integer maxSequences;

  @Option(
      names = "--max-batch-tokens",
      paramLabel = "N",
      description = "Tokens in one step (default: 512; on a GPU 2048).")
  private Integer maxBatchTokens;

  @Option(
      names = "--prefill-chunk",
      paramLabel = "N",
      description = "Tokens of one sequence in one step (default: 512; on a GPU 2048).")
  private Integer prefillChunk;

  @Option(
      names = "--sliding-window",
      paramLabel = "N",
      description =
          "Tokens that attention reaches back over, for a model that was trained so and whose file"
              + " does not say it, such as Mistral 7B v0.1 with 4096; 0 takes what the file says"
              + " (default: 0).")
  private int slidingWindow = DEFAULTS.slidingWindow();

  @Option(
      names = "--prefix-cache",
      arity = "1",
      paramLabel = "BOOLEAN",
      description =
          "Whether what sequences begin with alike is computed once (default: ${DEFAULT-VALUE}).")
  private boolean prefixCache = DEFAULTS.prefixCache();

  @Option(
      names = "--instruction-set",
      paramLabel = "SET",
      description = "The kernels: auto, reference, avx2, avxvnni, avx512 or neon (default: auto).")
  private InstructionSet instructionSet = DEFAULTS.instructionSet();

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      converter = DeviceName.class,
      description =
          "What computes: cpu; cuda, the first GPU; cuda:1, the second, and so on; or auto, which is"
              + " cpu here (default: auto). Results are the same bytes.")
  private DeviceChoice device = DeviceChoice.AUTO;

  @Option(
      names = "--isolation",
      paramLabel = "WHERE",
      description =
          "Where native code runs: process, in a worker process, whose faults cost a restart; or"
              + " none, in this process, which they end (default: process).")
  private Isolation isolation = DEFAULTS.isolation();

  @Option(
      names = "--native-dir",
      paramLabel = "DIR",
      description = "Where the native library and the worker are extracted or found.")
  private Path nativeDirectory;

  @Option(
      names = "--cache-directory",
      paramLabel = "DIR",
      description =
          "Where the weights are kept as the kernels read them, about as large as the model"
              + " (default: spark-llama below $$XDG_CACHE_HOME or ~/.cache).")
  private Path cacheDirectory;

  /**
   * Returns the options as given.
   *
   * @param contextLength most tokens of a sequence; 0 takes the model's
   */
  EngineOptions options(int contextLength) {
    EngineOptions options =
        DEFAULTS
            .withThreads(threads)
            .withKvCacheType(kvCacheType)
            .withKvCacheMemory(kvCacheMemory)
            .withBatchLimits(maxSequences(), maxBatchTokens(), prefillChunk())
            .withContextLength(contextLength)
            .withSlidingWindow(slidingWindow)
            .withPrefixCache(prefixCache)
            .withInstructionSet(instructionSet)
            .withDevice(device.here())
            .withIsolation(isolation);
    if (nativeDirectory != null) {
      options = options.withNativeDirectory(nativeDirectory);
    }
    return cacheDirectory == null ? options : options.withCacheDirectory(cacheDirectory);
  }

  /** Returns requests to keep in flight, so that a step never lacks any. */
  int requestsInFlight() {
    return 2 * maxSequences();
  }

  private int maxSequences() {
    return maxSequences == null ? usual().sequences() : maxSequences;
  }

  private int maxBatchTokens() {
    return maxBatchTokens == null ? usual().tokens() : maxBatchTokens;
  }

  private int prefillChunk() {
    return prefillChunk == null ? usual().chunk() : prefillChunk;
  }

  private BatchLimits usual() {
    return BatchLimits.usual(device.here());
  }
}
