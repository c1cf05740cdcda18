package io.sparkllama.job.config;

import io.sparkllama.engine.api.DeviceChoice;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.KvCacheType;

/** Declares the keys of a job file below {@code engine}. */
public final class EngineKeys {
  static final DeclaredKeys DECLARED = new DeclaredKeys();

  private static final EngineOptions DEFAULTS = EngineOptions.defaults();

  public static final ConfigKey<Integer> THREADS =
      DECLARED.of(
          "engine.threads",
          ConfigType.integer(0, 4096),
          DEFAULTS.threads(),
          "threads",
          "Native threads of an executor's engine; 0 takes the cores that Spark gave"
              + " to the executor.");
  public static final ConfigKey<KvCacheType> KV_CACHE_TYPE =
      DECLARED.of(
          "engine.kv-cache-type",
          ConfigType.oneOf(KvCacheType.class),
          DEFAULTS.kvCacheType(),
          "",
          "How keys and values are stored. This changes answers, as few engine options do.");
  public static final ConfigKey<SizeOrShare> KV_CACHE_MEMORY =
      DECLARED.of(
          "engine.kv-cache-memory",
          ConfigType.sizeOrShare(),
          new SizeOrShare.Size(DEFAULTS.kvCacheMemory()),
          "bytes",
          "Memory for keys and values. 0 takes what max-sequences whole contexts need, at most"
              + " 1 GiB, or on a GPU what its memory leaves; where the executor's memory leaves less than that, what it leaves, down to"
              + " one whole context. A share such as 50% is of what that memory leaves beside heap,"
              + " weights, buffers and 256 MiB for Java, and one whole context at least"
              + " (docs/memory.md). Where the cache is less than one whole context, a row that"
              + " needs more gets the error kv-cache-too-small.");
  public static final ConfigKey<Integer> MAX_SEQUENCES =
      DECLARED.of(
          "engine.max-sequences",
          ConfigType.integer(1, 4096),
          DEFAULTS.maxSequences(),
          "rows",
          "Most rows in one step of the engine; on a GPU 256 where the job says nothing.");
  public static final ConfigKey<Integer> MAX_BATCH_TOKENS =
      DECLARED.of(
          "engine.max-batch-tokens",
          ConfigType.integer(1, 65536),
          DEFAULTS.maxBatchTokens(),
          "tokens",
          "Most tokens in one step of the engine; on a GPU 2048 where the job says nothing.");
  public static final ConfigKey<Integer> PREFILL_CHUNK =
      DECLARED.of(
          "engine.prefill-chunk",
          ConfigType.integer(1, 65536),
          DEFAULTS.prefillChunk(),
          "tokens",
          "Most tokens of one row in one step; on a GPU 2048 where the job says nothing.");
  public static final ConfigKey<Integer> CONTEXT_LENGTH =
      DECLARED.of(
          "engine.context-length",
          ConfigType.integer(0, Integer.MAX_VALUE),
          DEFAULTS.contextLength(),
          "tokens",
          "Longest prompt and answer together; 0 takes the model's context.");
  public static final ConfigKey<Integer> SLIDING_WINDOW =
      DECLARED.of(
          "engine.sliding-window",
          ConfigType.integer(0, Integer.MAX_VALUE),
          DEFAULTS.slidingWindow(),
          "tokens",
          "Tokens that attention reaches back over, for a model that was trained so and whose file"
              + " does not say it, such as Mistral 7B v0.1 with 4096. 0 takes what the file says.");
  public static final ConfigKey<Boolean> PREFIX_CACHE =
      DECLARED.of(
          "engine.prefix-cache",
          ConfigType.truth(),
          DEFAULTS.prefixCache(),
          "",
          "Whether what rows begin with alike is computed once; answers are the same bytes.");
  public static final ConfigKey<InstructionSet> INSTRUCTION_SET =
      DECLARED.of(
          "engine.instruction-set",
          ConfigType.oneOf(InstructionSet.class),
          DEFAULTS.instructionSet(),
          "",
          "The kernels to use; results are the same bits from each.");
  public static final ConfigKey<DeviceChoice> DEVICE =
      DECLARED.of(
          "engine.device",
          ConfigType.device(),
          DeviceChoice.AUTO,
          "",
          "What computes: the processor (cpu) or a GPU (cuda); answers are the same bytes. auto takes"
              + " the GPU that Spark gave to the executor (spark.executor.resource.gpu.amount = 1),"
              + " else the processor. cuda without such a GPU is refused; in local mode it takes the"
              + " machine's first one, and cuda:1 the second (docs/gpu.md).");
  public static final ConfigKey<Isolation> ISOLATION =
      DECLARED.of(
          "engine.isolation",
          ConfigType.oneOf(Isolation.class),
          DEFAULTS.isolation(),
          "",
          "Whether native code runs in a worker process beside the executor (process), which it may"
              + " lose without harm, or within its own (none), for systems on which no worker can"
              + " run (docs/isolation.md); answers are the same bytes.");
  public static final ConfigKey<Integer> ISOLATION_TIMEOUT =
      DECLARED.of(
          "engine.isolation-timeout",
          ConfigType.integer(1, 86_400),
          DEFAULTS.isolationTimeout(),
          "seconds",
          "With engine.isolation = process, how long a step may take at least before its process"
              + " counts as hanging and is replaced; and its start, where this is more than its ten"
              + " minutes (docs/isolation.md).");
  public static final ConfigKey<String> NATIVE_DIRECTORY =
      DECLARED.optional(
          "engine.native-dir",
          ConfigType.string(),
          "Folder for the native library and the worker where the system's temporary folder forbids"
              + " execution.");
  public static final ConfigKey<Integer> WINDOW =
      DECLARED.of(
          "engine.window",
          ConfigType.integer(0, 1_000_000),
          0,
          "prompts",
          "Prompts that one task keeps in flight, and at most eight times as many rows where equal"
              + " ones share a prompt; each part of a long document counts as one. 0 takes as many"
              + " as have twice engine.max-sequences completions.");

  private EngineKeys() {}
}
