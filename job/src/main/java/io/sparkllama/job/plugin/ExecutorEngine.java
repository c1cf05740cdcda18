package io.sparkllama.job.plugin;

import io.sparkllama.engine.EngineStatistics;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.CacheUse;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.job.admission.Admission;
import io.sparkllama.job.admission.ExecutorMemory;
import io.sparkllama.job.config.SizeOrShare;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the executor's one engine: the only static state of the project, since a task cannot reach
 * its plugin.
 */
public final class ExecutorEngine {
  private static final Logger LOG = LoggerFactory.getLogger(ExecutorEngine.class);

  /** As long as tasks that were killed may take to end. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final EngineHolder<EngineSpecification, Opened> HOLDER =
      new EngineHolder<>(ExecutorEngine::open, Opened::close, Opened::hasEnded, PATIENCE);

  /** Is an engine whose adapters stay in the cache until it is closed; it keeps its model. */
  private record Opened(
      LlamaEngine engine, Device device, List<CacheUse> adapters, SetAsideBases bases) {
    boolean hasEnded() {
      return engine.hasEnded();
    }

    void close() {
      try {
        engine.close();
      } finally {
        adapters.forEach(CacheUse::close);
      }
    }
  }

  /**
   * Is the engine as a task has it.
   *
   * @param before what it had set aside when the first task of the same stage acquired it; where
   *     none runs, what it has now
   */
  public record Acquired(LlamaEngine engine, SetAsideShare before) {}

  private ExecutorEngine() {}

  /**
   * Returns this executor's engine, opened by who comes first: the model is brought to the host and
   * verified, packed once for its kernels, then mapped. In a task it stays open until the task
   * ends; elsewhere only until someone asks for another engine. Nobody but this class closes it.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where the model is out of reach
   *     or has changed, where this process has not the memory, or where another engine stays in use
   * @throws IOException where the model cannot be read; trying again may help
   */
  public static Acquired acquire(EngineSpecification specification) throws IOException {
    EngineHolder<EngineSpecification, Opened>.Lease lease;
    try {
      lease = HOLDER.acquire(specification);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("interrupted while waiting for the executor's engine")
              .initCause(e);
    }
    TaskContext task = TaskContext.get();
    if (task == null) {
      lease.close();
    } else {
      task.addTaskCompletionListener((TaskCompletionListener) context -> lease.close());
    }
    Opened opened = lease.engine();
    LlamaEngine engine = opened.engine();
    Supplier<SetAsideShare> now = () -> engine.statistics().setAside();
    return new Acquired(engine, task == null ? now.get() : opened.bases().of(stage(task), now));
  }

  /** Names what answers rows together: one job of Spark's, whose tasks try their rows again. */
  private static String stage(TaskContext task) {
    SparkEnv environment = SparkEnv.get();
    return (environment == null ? "" : environment.conf().getAppId()) + " " + task.stageId();
  }

  /** Returns what the engine of the moment has done; nothing where there is none that runs. */
  public static EngineStatistics statistics() {
    return HOLDER
        .current()
        .map(Opened::engine)
        .filter(engine -> !engine.hasEnded())
        .map(LlamaEngine::statistics)
        .orElse(EngineStatistics.NONE);
  }

  /** Returns how many GPUs the engine of the moment computes on. */
  static long gpus() {
    return HOLDER
        .current()
        .filter(opened -> !opened.hasEnded())
        .filter(opened -> opened.device().isGpu())
        .stream()
        .count();
  }

  /** Closes the engine, whoever uses it: the executor ends. */
  static void close() {
    HOLDER.close();
  }

  private static Opened open(EngineSpecification specification) throws IOException {
    SparkEnv environment = SparkEnv.get();
    SparkConf conf = environment == null ? new SparkConf() : environment.conf();
    Device device = ExecutorDevice.here(specification.device(), conf);
    EngineOptions options = specification.options(ExecutorCores.here(conf), device);
    Admission admission = Admission.here(conf).on(LlamaEngine.checkMachine(options));
    Path cache =
        specification.cacheDirectory().isEmpty()
            ? CacheDirectory.standard()
            : Path.of(specification.cacheDirectory());
    Configuration hadoop = HadoopModelSource.hadoopConfiguration(conf);
    ModelStore store = new ModelStore(cache);
    ModelTransport transport = specification.transport();
    LocalModel model =
        transport.bring(store, specification.modelLocation(), specification.manifest(), hadoop);
    List<AdapterFile> adapters = new ArrayList<>();
    List<CacheUse> uses = new ArrayList<>();
    boolean opened = false;
    try {
      for (AdapterSpecification adapter : specification.adapters()) {
        AdapterFile file = adapter.localize(transport, store, hadoop);
        adapters.add(file);
        uses.add(CacheUse.of(new LocalModel(file.path(), adapter.manifest())));
      }
      LlamaEngine engine =
          open(admission, model, options.withAdapters(adapters), specification.kvCacheMemory());
      Opened made = new Opened(engine, device, uses, new SetAsideBases());
      opened = true;
      return made;
    } finally {
      if (!opened) {
        uses.forEach(CacheUse::close);
      }
    }
  }

  private static LlamaEngine open(
      Admission admission, LocalModel model, EngineOptions wanted, SizeOrShare kvCacheMemory) {
    return LlamaEngine.open(
        model,
        file -> {
          ExecutorMemory memory = admission.admit(file, wanted, kvCacheMemory);
          LOG.info(
              "Opening this executor's engine: {} threads, device {}, KV cache {}, model {}",
              wanted.threads(),
              wanted.device(),
              ByteCount.readable(memory.kvCache()),
              model.path());
          return memory.options(wanted);
        });
  }
}
