package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.jni.NativeHandle;
import io.sparkllama.engine.jni.NativeLibrary;
import io.sparkllama.engine.jni.RunnerNatives;
import io.sparkllama.engine.model.Adapter;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.store.PackedModel;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs steps in native code within this process.
 *
 * <p>The processor runs a step while its results are collected. One thread at a time.
 */
public final class NativeModelRunner implements ModelRunner {
  private final KvPlan plan;
  private final BatchLayout layout;
  private final NativeHandle handle;
  private final List<BatchBuffer> buffers =
      new ArrayList<>(); // at the index that native code knows
  private BatchBuffer inFlight;

  private NativeModelRunner(KvPlan plan, BatchLayout layout, NativeHandle handle) {
    this.plan = plan;
    this.layout = layout;
    this.handle = handle;
  }

  /**
   * Loads the native library and sets up a runner: all memory but the weights is taken here.
   *
   * @param parts the model's files, as the weights' parts count them; read here only
   * @param packed where the weights lie, of the same model; stays open until this is closed
   * @throws InvalidConfigurationException where an option cannot be met
   * @throws io.sparkllama.engine.api.InsufficientMemoryException where the system has no memory
   *     left
   * @throws io.sparkllama.engine.api.ModelFormatException where a file is not what the weights say
   */
  public static NativeModelRunner open(
      ModelConfig config,
      WeightMap weights,
      List<Path> parts,
      PackedModel packed,
      EngineOptions options) {
    return open(RunnerSetup.of(config, weights, parts, packed, options), options);
  }

  /**
   * Refuses options that a model cannot be run with, without native code: the driver's check.
   *
   * @throws InvalidConfigurationException where an option cannot be met
   */
  public static void check(ModelConfig config, EngineOptions options) {
    if (options.device().isGpu() && config.feedForward().experts().isPresent()) {
      throw new InvalidConfigurationException(
          "Models with experts run on the processor alone so far: set engine.device to cpu");
    }
    RunnerSetup.capacity(config, KvPlan.of(config, options), options);
  }

  /**
   * Tells what a runner takes of this machine's memory, without native code. Weights and KV cache
   * of one on a GPU lie there.
   *
   * @param weights bytes of the packed file
   * @param adapters all that are going to be opened
   * @throws InvalidConfigurationException where an option cannot be met
   */
  public static EngineMemory memory(
      ModelConfig config, long weights, EngineOptions options, List<Adapter> adapters) {
    KvPlan plan = KvPlan.of(config, options);
    BatchCapacity capacity = RunnerSetup.capacity(config, plan, options);
    boolean elsewhere = options.device().isGpu();
    return new EngineMemory(
        elsewhere ? 0 : weights,
        elsewhere ? 0 : plan.bytes(),
        NativeBuffers.bytes(
            config, capacity, ModelDescription.threads(options), mostRank(adapters)),
        new BatchLayout(capacity).byteSize(),
        adapters.stream()
            .mapToLong(adapter -> new AdapterDescription(adapter).keptBytes())
            .reduce(0, Math::addExact));
  }

  private static int mostRank(List<Adapter> adapters) {
    return adapters.stream()
        .flatMap(adapter -> adapter.changes().stream())
        .mapToInt(Adapter.Change::rank)
        .max()
        .orElse(0);
  }

  /**
   * Returns the bytes of all blocks of one whole context.
   *
   * @throws InvalidConfigurationException where an option cannot be met
   */
  public static long contextBytes(ModelConfig config, EngineOptions options) {
    return KvPlan.contextBytes(config, options);
  }

  /** Returns the bytes of one token's keys and values in all layers. */
  public static long kvBytesPerToken(ModelConfig config, KvCacheType type) {
    return KvPlan.bytesPerToken(config, type);
  }

  static NativeModelRunner open(RunnerSetup setup, EngineOptions options) {
    BatchLayout layout = new BatchLayout(setup.capacity());
    NativeLibrary.load(options.nativeDirectory());
    requireSameLayout(layout, RunnerNatives.batchLayout(ModelDescription.of(setup.capacity())));
    String file = setup.packedFile().toString();
    long address = RunnerNatives.create(file.getBytes(StandardCharsets.UTF_8), setup.description());
    return new NativeModelRunner(
        setup.plan(),
        layout,
        new NativeHandle("runner of " + file, address, RunnerNatives::destroy));
  }

  static void requireSameLayout(BatchLayout layout, long[] nativeOffsets) {
    if (!Arrays.equals(layout.offsets(), nativeOffsets)) {
      throw new EngineFailedException(
          "The native library lays a batch out otherwise than these classes: take both from one"
              + " build: "
              + Arrays.toString(nativeOffsets)
              + ", expected "
              + Arrays.toString(layout.offsets()));
    }
  }

  @Override
  public int contextLength() {
    return plan.contextLength();
  }

  /** Returns the name of the kernels in force: {@code reference}, {@code avx512} and so on. */
  public String instructionSet() {
    return RunnerNatives.instructionSet(handle.address());
  }

  /** Returns how many threads run a step. */
  public int threads() {
    return RunnerNatives.threads(handle.address());
  }

  /** Returns the bytes of native buffers, beside the weights and the KV cache. */
  long bufferBytes() {
    return RunnerNatives.bufferBytes(handle.address());
  }

  /** Returns the bytes of the adapters' matrices. */
  long adapterBytes() {
    return RunnerNatives.adapterBytes(handle.address());
  }

  @Override
  public int open(Adapter adapter) {
    if (inFlight != null) {
      throw new IllegalStateException("A step is in flight: collect it first");
    }
    return new AdapterLoader(adapter).load(new Natives(handle.address()));
  }

  /** Takes adapters by native calls. */
  private record Natives(long runner) implements AdapterTarget {
    @Override
    public int open(ByteBuffer description) {
      return RunnerNatives.openAdapter(runner, description);
    }

    @Override
    public void fill(int adapter, int matrix, ByteBuffer rows) {
      RunnerNatives.fillAdapter(runner, adapter, matrix, rows);
    }
  }

  @Override
  public boolean isContained() {
    return false;
  }

  @Override
  public void restart() {
    throw notContained();
  }

  @Override
  public RestartPauses restartPauses() {
    throw notContained();
  }

  private static IllegalStateException notContained() {
    return new IllegalStateException("A runner within this process cannot be started again");
  }

  @Override
  public List<KvGroup> kvGroups() {
    return plan.groups();
  }

  @Override
  public int[] blockCounts() {
    return plan.blockCounts().clone();
  }

  @Override
  public int blockSize() {
    return KvPlan.BLOCK_SIZE;
  }

  @Override
  public BatchBuffer newBuffer() {
    BatchBuffer buffer = new BatchBuffer(layout);
    int index = RunnerNatives.attach(handle.address(), buffer.bytes());
    buffers.add(index, buffer);
    return buffer;
  }

  @Override
  public int masks() {
    return layout.capacity().masks();
  }

  @Override
  public void putMask(int id, long[] words) {
    if (inFlight != null) {
      throw new IllegalStateException("A step is in flight, which may use the mask: " + id);
    }
    try {
      RunnerNatives.putMask(handle.address(), id, words);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public void submit(BatchBuffer batch) {
    if (inFlight != null) {
      throw new IllegalStateException("A step is in flight already: collect it first");
    }
    if (indexOf(batch) < 0) {
      throw new IllegalArgumentException("The buffer is not of this runner: take one of newBuffer");
    }
    inFlight = batch;
  }

  @Override
  public BatchBuffer collect() {
    if (inFlight == null) {
      throw new IllegalStateException("No step is in flight: submit one first");
    }
    BatchBuffer batch = inFlight;
    inFlight = null;
    try {
      RunnerNatives.step(handle.address(), indexOf(batch));
    } finally {
      Reference.reachabilityFence(this); // the cleaner must not free what the step is using
    }
    return batch;
  }

  /** Frees the KV cache, the threads and the mapped file; buffers stay readable. */
  @Override
  public void close() {
    handle.close();
  }

  private int indexOf(BatchBuffer batch) {
    for (int i = 0; i < buffers.size(); i++) {
      if (buffers.get(i) == batch) { // the very memory, not its like
        return i;
      }
    }
    return -1;
  }
}
