package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.jni.WorkerExecutable;
import io.sparkllama.engine.model.Adapter;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.runner.WorkerProcess.Reply;
import io.sparkllama.engine.runner.WorkerProcess.Request;
import io.sparkllama.engine.store.PackedModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Runs steps in native code within a process of its own, which maps the same weights and shares the
 * batch buffers: a fault there, or a hang, loses the runner and no more.
 *
 * <p>A step is a message of 24 bytes and one in return. One thread at a time.
 */
public final class WorkerModelRunner implements ModelRunner {
  /** How many times what is expected of it a step may take. */
  private static final double SLOW_STEPS = 20;

  private static final double LONGEST = Duration.ofDays(1).toNanos(); // that a step is ever granted

  private final RunnerSetup setup;
  private final BatchLayout layout;
  private final Optional<Path> nativeDirectory;
  private final WorkerSettings settings;
  private final ExecutorService starter; // of one thread, as a worker ends with its starter
  private final Watchdog watchdog;
  private final StepPace pace = new StepPace();
  private final List<Adapter> adapters = new ArrayList<>(); // by id
  private final List<BatchBuffer> buffers = new ArrayList<>(); // at the index that the worker knows
  private WorkerProcess worker;
  private String instructionSet;
  private int threads;
  private long bufferBytes;
  private boolean fresh; // before the worker's first step
  private BatchBuffer inFlight;
  private int tokensInFlight;
  private long submitted; // nanoseconds

  private WorkerModelRunner(
      RunnerSetup setup, Optional<Path> nativeDirectory, WorkerSettings settings) {
    this.setup = setup;
    this.layout = new BatchLayout(setup.capacity());
    this.nativeDirectory = nativeDirectory;
    this.settings = settings;
    this.watchdog = new Watchdog(settings.patience());
    this.starter =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "sparkllama-worker-starter");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Starts a worker process and sets a runner up in it. Parameters and exceptions are those of
   * {@link NativeModelRunner#open}.
   *
   * @throws EngineFailedException where the process ends at once
   */
  public static WorkerModelRunner open(
      ModelConfig config,
      WeightMap weights,
      List<Path> parts,
      PackedModel packed,
      EngineOptions options) {
    RunnerSetup setup = RunnerSetup.of(config, weights, parts, packed, options);
    WorkerSettings watched = WorkerSettings.of(options, packed.length());
    return open(setup, options.nativeDirectory(), watched);
  }

  static WorkerModelRunner open(
      RunnerSetup setup, Optional<Path> nativeDirectory, WorkerSettings settings) {
    WorkerModelRunner runner = new WorkerModelRunner(setup, nativeDirectory, settings);
    try {
      runner.start();
      return runner;
    } catch (RunnerLostException lost) {
      runner.close();
      throw new EngineFailedException(
          "The worker process ended before it could do anything; its words are in this log: "
              + lost.getMessage(),
          lost);
    } catch (RuntimeException | Error e) {
      runner.close();
      throw e;
    }
  }

  private void start() {
    worker = onStarter(this::startProcess);
    fresh = true;
    if (settings.device() instanceof Device.Cuda device) {
      watchedSetup(() -> DeviceOpening.open(worker, device, nativeDirectory));
    }
    byte[] path = setup.packedFile().toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer payload =
        ByteBuffer.allocate(Long.BYTES + path.length + setup.description().remaining())
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(path.length)
            .put(path)
            .put(setup.description().duplicate())
            .flip();
    Reply created = ask(Request.CREATE, 0, 0, payload);
    ByteBuffer words = created.payload();
    threads = Math.toIntExact(words.getLong());
    bufferBytes = words.getLong();
    long[] offsets = new long[Math.toIntExact(created.value()) - 2];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = words.getLong();
    }
    NativeModelRunner.requireSameLayout(layout, offsets);
    instructionSet = StandardCharsets.UTF_8.decode(words).toString();
  }

  private WorkerProcess startProcess() {
    if (settings.executable().isPresent()) {
      return startProcess(settings.executable().get());
    }
    try (WorkerExecutable executable = WorkerExecutable.find(nativeDirectory)) {
      return startProcess(executable.path());
    }
  }

  private WorkerProcess startProcess(Path executable) {
    return WorkerProcess.start(executable, settings.device(), watchdog, settings.setupPatience());
  }

  private WorkerProcess onStarter(Supplier<WorkerProcess> start) {
    try {
      return CompletableFuture.supplyAsync(start, starter).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  @Override
  public boolean isContained() {
    return true;
  }

  @Override
  public void restart() {
    worker.kill();
    worker.end();
    inFlight = null;
    buffers.clear();
    start();
    adapters.forEach(this::load);
  }

  @Override
  public RestartPauses restartPauses() {
    return RestartPauses.of(settings.device());
  }

  /** Returns the process's number. */
  long pid() {
    return worker.pid();
  }

  /** Returns the name of the kernels in force: {@code reference}, {@code avx512} and so on. */
  public String instructionSet() {
    return instructionSet;
  }

  /** Returns how many threads run a step. */
  public int threads() {
    return threads;
  }

  /** Returns the bytes of native buffers, beside the weights and the KV cache. */
  long bufferBytes() {
    return bufferBytes;
  }

  /** Returns the bytes of the adapters' matrices. */
  long adapterBytes() {
    return ask(Request.ADAPTER_BYTES, 0, 0, ByteBuffer.allocate(0)).value();
  }

  @Override
  public int contextLength() {
    return setup.plan().contextLength();
  }

  @Override
  public int open(Adapter adapter) {
    requireIdle();
    int id = load(adapter);
    adapters.add(id, adapter);
    return id;
  }

  private int load(Adapter adapter) {
    return new AdapterLoader(adapter).load(new Messages());
  }

  /** Takes adapters by messages. */
  private final class Messages implements AdapterTarget {
    @Override
    public int open(ByteBuffer description) {
      return Math.toIntExact(ask(Request.OPEN_ADAPTER, 0, 0, description).value());
    }

    @Override
    public void fill(int adapter, int matrix, ByteBuffer rows) {
      ask(Request.FILL_ADAPTER, adapter, matrix, rows);
    }
  }

  @Override
  public List<KvGroup> kvGroups() {
    return setup.plan().groups();
  }

  @Override
  public int[] blockCounts() {
    return setup.plan().blockCounts().clone();
  }

  @Override
  public int rowBlocks() {
    return setup.plan().rowBlocks();
  }

  @Override
  public int blockSize() {
    return KvPlan.BLOCK_SIZE;
  }

  @Override
  public BatchBuffer newBuffer() {
    Reply memory = ask(Request.ATTACH, 0, 0, ByteBuffer.allocate(0));
    BatchBuffer buffer = new BatchBuffer(layout, worker.map(memory.value(), layout.byteSize()));
    buffers.add(buffer);
    return buffer;
  }

  @Override
  public int masks() {
    return layout.capacity().masks();
  }

  @Override
  public void putMask(int id, long[] words) {
    requireIdle();
    ByteBuffer bytes =
        ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(words);
    ask(Request.PUT_MASK, id, 0, bytes);
  }

  @Override
  public void submit(BatchBuffer batch) {
    requireIdle();
    int index = indexOf(batch);
    if (index < 0) {
      throw new IllegalArgumentException("The buffer is not of this runner: take one of newBuffer");
    }
    tokensInFlight = Math.max(1, batch.get(BatchHeader.TOKENS));
    submitted = System.nanoTime();
    watchdog.watch(patience(tokensInFlight), worker::kill);
    inFlight = batch;
    watched(
        () -> {
          worker.sendStep(index);
          return null;
        });
  }

  /** Returns how many nanoseconds the next step may take. */
  private long patience(int tokens) {
    Duration least = fresh ? settings.setupPatience() : settings.patience();
    double expected = Math.max(pace.median(), pace.most(tokens));
    return Math.max(least.toNanos(), (long) Math.min(LONGEST, SLOW_STEPS * expected));
  }

  @Override
  public BatchBuffer collect() {
    if (inFlight == null) {
      throw new IllegalStateException("No step is in flight: submit one first");
    }
    BatchBuffer batch = inFlight;
    inFlight = null;
    try {
      watched(worker::receive);
    } finally {
      watchdog.calm();
    }
    if (!fresh) { // the first one tells more of the storage than of the steps that follow
      pace.add(tokensInFlight, System.nanoTime() - submitted);
    }
    fresh = false;
    return batch;
  }

  /** Stops the worker and waits for its end; buffers stay readable. */
  @Override
  public void close() {
    try {
      if (worker != null) {
        watchdog.watch(settings.setupPatience().toNanos(), worker::kill);
        worker.close();
      }
    } finally { // also where it does not go
      watchdog.close();
      starter.shutdown();
    }
  }

  private Reply ask(Request request, int first, int second, ByteBuffer payload) {
    return watchedSetup(() -> worker.ask(request, first, second, payload));
  }

  private <R> R watchedSetup(Supplier<R> talk) {
    watchdog.watch(settings.setupPatience().toNanos(), worker::kill);
    try {
      return watched(talk);
    } finally {
      watchdog.calm();
    }
  }

  /** Does something under the watchdog's eyes, whose bite looks like a signal from outside. */
  private <R> R watched(Supplier<R> talk) {
    try {
      return talk.get();
    } catch (RunnerLostException lost) {
      watchdog.calm();
      if (!watchdog.hasBitten()) {
        throw lost;
      }
      throw worker.overdue();
    }
  }

  private void requireIdle() {
    if (inFlight != null) {
      throw new IllegalStateException("A step is in flight already: collect it first");
    }
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
