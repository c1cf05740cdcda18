package io.sparkllama.job.admission;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.DeviceMemory;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.SizeOrShare;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/**
 * Lets an engine start only where its process has the memory that it takes.
 *
 * <p>The sum holds the Java heap at its greatest, and the weights, though their pages are the
 * system's to drop: an engine whose weights do not stay in memory reads the disk in every step. It
 * does not hold what Java takes beside its heap, some hundred MiB: what is let in may be tight.
 */
public final class Admission {
  private final JavaMemory java;
  private final Optional<MemoryLimit> limit;
  private final Optional<DeviceFacts> device;

  /**
   * @param limit empty where nothing is known, so that nothing is refused
   */
  Admission(JavaMemory java, Optional<MemoryLimit> limit) {
    this(java, limit, Optional.empty());
  }

  private Admission(JavaMemory java, Optional<MemoryLimit> limit, Optional<DeviceFacts> device) {
    this.java = java;
    this.limit = limit;
    this.device = device;
  }

  /**
   * Returns the same, which knows the GPU of the engine.
   *
   * @param found empty where the engine has none, or where only the executor knows it
   */
  public Admission on(Optional<DeviceFacts> found) {
    return new Admission(java, limit, found);
  }

  /** Looks, on the driver and before any work, after the processes that are to open an engine. */
  public static Admission onDriver(SparkConf conf) {
    return isLocal(conf)
        ? here(conf)
        : new Admission(JavaMemory.ofExecutor(conf), ExecutorContainer.of(conf));
  }

  /** Looks after this process, which is to open an engine. */
  public static Admission here(SparkConf conf) {
    return here(conf, Path.of("/"));
  }

  static Admission here(SparkConf conf, Path root) {
    Optional<MemoryLimit> asked = ExecutorContainer.of(conf);
    Optional<MemoryLimit> host = HostMemory.limit(root);
    if (asked.isPresent()) {
      // On Kubernetes it is Spark's own container, which its settings raise.
      host =
          host.map(
              found ->
                  found.remedy() == MemoryLimit.Remedy.CONTAINER
                      ? found.raisedBy(MemoryLimit.Remedy.MEMORY_OVERHEAD)
                      : found);
    }
    return new Admission(
        isLocal(conf) ? JavaMemory.ofDriver(conf) : JavaMemory.ofThisExecutor(conf),
        Stream.concat(asked.stream(), host.stream())
            .min(Comparator.comparingLong(MemoryLimit::bytes)));
  }

  /**
   * Tells whether the driver's process is the executor; a local cluster has processes of its own.
   */
  public static boolean isLocal(SparkConf conf) {
    String master = conf.get("spark.master", "");
    return master.equals("local") || master.startsWith("local[");
  }

  /**
   * Settles the size of an engine's KV cache, and refuses an engine that does not fit.
   *
   * @param options of the engine; what they say of the KV cache's memory does not count
   * @param kvCacheMemory as the job says it, or as the driver has settled it
   * @throws InvalidConfigurationException says by part what is needed, what there is, and what to
   *     do
   * @throws io.sparkllama.engine.api.InsufficientMemoryException says the same of a GPU's memory
   */
  public ExecutorMemory admit(ModelFile model, EngineOptions options, SizeOrShare kvCacheMemory) {
    if (options.device().isGpu()) {
      return admitOnGpu(model, options, kvCacheMemory);
    }
    EngineMemory usual = model.memory(options.withKvCacheMemory(0));
    long context = model.contextBytes(options);
    SizeOrShare settled = kvCacheMemory;
    if (limit.isPresent()) {
      long others = Math.addExact(usual.total() - usual.kvCache(), java.heap() + java.offHeap());
      settled =
          new SizeOrShare.Size(
              new KvCacheFit(usual.kvCache(), context)
                  .bytes(kvCacheMemory, limit.get().bytes() - others));
    }
    long bytes = settled instanceof SizeOrShare.Size size ? size.bytes() : context;
    EngineMemory engine = model.memory(options.withKvCacheMemory(bytes));
    check(engine, kvCacheMemory);
    return new ExecutorMemory(settled, engine, java, limit);
  }

  /** Weights and KV cache lie on the GPU, and a share is of what it leaves. */
  private ExecutorMemory admitOnGpu(
      ModelFile model, EngineOptions options, SizeOrShare kvCacheMemory) {
    EngineOptions open = options.withKvCacheMemory(0);
    EngineMemory engine = model.memory(open);
    check(engine, kvCacheMemory);
    SizeOrShare settled = kvCacheMemory;
    if (device.isPresent() && kvCacheMemory instanceof SizeOrShare.Share share) {
      long room = model.deviceMemory(open).room(device.get());
      settled = new SizeOrShare.Size(Math.max(model.contextBytes(options), share.of(room)));
    }
    EngineOptions given =
        open.withKvCacheMemory(settled instanceof SizeOrShare.Size size ? size.bytes() : 0);
    DeviceMemory gpu =
        device.isPresent() ? model.deviceMemory(given, device.get()) : model.deviceMemory(given);
    return new ExecutorMemory(settled, engine, java, limit, Optional.of(gpu));
  }

  /** Refuses what does not fit. */
  void check(EngineMemory engine, SizeOrShare kvCacheMemory) {
    long needed = Math.addExact(engine.total(), java.heap() + java.offHeap());
    if (limit.isPresent() && needed > limit.get().bytes()) {
      // What the job has not given in bytes is as small already as a whole context allows.
      boolean given = kvCacheMemory instanceof SizeOrShare.Size size && size.bytes() > 0;
      String key = given ? "engine.kv-cache-memory" : "engine.context-length";
      throw new InvalidConfigurationException(sentence(engine, needed, key, limit.get()));
    }
  }

  private String sentence(EngineMemory engine, long needed, String kvCacheKey, MemoryLimit bound) {
    long missing = needed - bound.bytes();
    // Where Spark sizes the container, a smaller heap is a smaller container too.
    String heap =
        bound.remedy() == MemoryLimit.Remedy.MEMORY_OVERHEAD
            ? ""
            : ", or lower " + java.heapSetting();
    // Most of the cache can be done without, of all else little.
    String smaller = engine.kvCache() > missing ? ", or lower " + kvCacheKey : "";
    return "The memory does not suffice for an engine with this model; "
        + bound.remedy().sentence(missing)
        + heap
        + smaller
        + ": needed "
        + ByteCount.readable(needed)
        + " (Java heap "
        + ByteCount.readable(java.heap())
        + (java.offHeap() > 0 ? ", Spark's off-heap " + ByteCount.readable(java.offHeap()) : "")
        + ", weights "
        + ByteCount.readable(engine.weights())
        + (engine.adapters() > 0 ? ", adapters " + ByteCount.readable(engine.adapters()) : "")
        + ", KV cache "
        + ByteCount.readable(engine.kvCache())
        + ", buffers "
        + ByteCount.readable(engine.buffers())
        + ", a step's batch "
        + ByteCount.readable(engine.batch())
        + "), there is "
        + ByteCount.readable(bound.bytes())
        + " by "
        + bound.origin();
  }
}
