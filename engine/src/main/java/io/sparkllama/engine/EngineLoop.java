package io.sparkllama.engine;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.constraint.AnswerPlace;
import io.sparkllama.engine.constraint.TokenMask;
import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchCapacity;
import io.sparkllama.engine.runner.ModelRunner;
import io.sparkllama.engine.runner.RunnerLostException;
import io.sparkllama.engine.scheduler.BlockManager;
import io.sparkllama.engine.scheduler.ScheduledBatch;
import io.sparkllama.engine.scheduler.Scheduler;
import io.sparkllama.engine.scheduler.SchedulerLimits;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Runs the steps, on a thread of its own: take in what was submitted or cancelled, schedule, run,
 * update, complete. The page to read first.
 *
 * <p>All submitters share one loop, so every step holds tokens of whatever is under way. A runner
 * that is lost is started again and the step replayed ({@link Recovery}). Whatever else goes wrong
 * in a step ends the engine: all that is pending fails, and nothing more is taken.
 */
final class EngineLoop implements SequenceOwner, AutoCloseable {
  /** Is what other threads may ask of the loop. */
  private sealed interface Message {
    record Submit(Work<?> work) implements Message {}

    record Cancel(Work<?> work) implements Message {}

    record Mask(AnswerPlace place, TokenMask mask) implements Message {}

    record Fail(EngineFailedException failure) implements Message {}

    record Close() implements Message {}
  }

  private final ModelRunner runner;
  private final Scheduler scheduler;
  private final BatchCapacity capacity;
  private final MaskPool masks;
  private final Recovery recovery;
  private final Thread thread;
  private final LinkedBlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
  private final Object gate = new Object(); // guards failure, and the inbox against it
  private EngineFailedException failure;

  // The loop's thread only.
  private BatchBuffer buffer;
  private BatchWriter writer;
  private final Set<Work<?>> pending = new LinkedHashSet<>();
  private final Map<Sequence, Work<?>> owners = new HashMap<>();
  private boolean closing;
  private boolean held; // all that is pending waits for masks
  private EngineFailedException end = new EngineFailedException("The engine was closed");
  private long finishedRequests;
  private long promptTokens;
  private long computedTokens;
  private long decodedTokens;
  private long sampledTokens;
  private long steps;
  private long stepSequences;
  private int lastSequences;
  private StepTimes times = StepTimes.NONE;

  private volatile EngineStatistics statistics = EngineStatistics.NONE;

  /**
   * Takes over the runner, which it closes.
   *
   * @param vocabularySize of the runner's model
   */
  EngineLoop(ModelRunner runner, int prefillChunk, boolean prefixCache, int vocabularySize) {
    this.runner = runner;
    this.buffer = runner.newBuffer();
    this.capacity = buffer.layout().capacity();
    this.masks =
        new MaskPool(
            runner,
            (place, mask) -> inbox.add(new Message.Mask(place, mask)),
            problem -> fail(new EngineFailedException("A token mask failed: " + problem, problem)));
    this.scheduler =
        new Scheduler(
            new SchedulerLimits(
                capacity.sequences(),
                capacity.tokens(),
                prefillChunk,
                capacity.logitsRows(),
                capacity.candidates(),
                capacity.adjustments()),
            new BlockManager(runner.blockCounts(), runner.blockSize(), prefixCache));
    scheduler.boundRows(runner.rowBlocks());
    this.recovery =
        new Recovery(runner, scheduler, masks, owners, new Canary(runner, vocabularySize, masks));
    this.thread = new Thread(this::run, "sparkllama-engine");
    thread.setDaemon(true);
    thread.start();
  }

  /** Takes a request from any thread; its future fails at once where the engine has ended. */
  void submit(Work<?> work) {
    synchronized (gate) {
      if (failure != null) {
        work.future().completeExceptionally(failure);
        return;
      }
      inbox.add(new Message.Submit(work));
    }
    work.future()
        .whenComplete(
            (result, problem) -> {
              if (work.future().isCancelled()) {
                inbox.add(new Message.Cancel(work));
              }
            });
  }

  /** Returns the most ids that one position may be asked for. */
  int mostCandidates() {
    return capacity.candidates();
  }

  /** Returns the positions that the smallest of the KV groups' pools has blocks for. */
  long cachePositions() {
    return (long) Arrays.stream(runner.blockCounts()).min().orElse(0) * runner.blockSize();
  }

  EngineStatistics statistics() {
    return statistics;
  }

  /** Tells whether every request fails from now on. */
  boolean hasEnded() {
    synchronized (gate) {
      return failure != null;
    }
  }

  /**
   * Ends the loop after the step under way, for a reason that no step would find: all that is
   * pending fails with it. Does not wait.
   */
  void fail(EngineFailedException reason) {
    inbox.add(new Message.Fail(reason));
  }

  /** Ends the loop after the step under way; what is pending fails. Waits for the end. */
  @Override
  public void close() {
    inbox.add(new Message.Close());
    boolean interrupted = false;
    while (thread.isAlive() && Thread.currentThread() != thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (runner;
        masks) {
      recovery.begin(buffer);
      takeBuffer(); // another, where the runner was lost meanwhile
      while (takeMessages()) {
        step();
      }
    } catch (Throwable problem) {
      end = new EngineFailedException("The engine failed: " + problem, problem);
    }
    failPending(end);
  }

  /** Returns when there is something to run, or with false when the loop is to end. */
  private boolean takeMessages() throws InterruptedException {
    Message message = pending.isEmpty() || held ? inbox.take() : inbox.poll();
    while (message != null) {
      if (message instanceof Message.Submit submit) {
        begin(submit.work());
      } else if (message instanceof Message.Cancel cancel) {
        if (pending.remove(cancel.work())) {
          cancel.work().release(this);
          publishStatistics();
        }
      } else if (message instanceof Message.Mask made) {
        long begin = System.nanoTime();
        put(made);
        times = times.plus(new StepTimes(System.nanoTime() - begin, 0, 0));
      } else {
        closing = true;
        end = message instanceof Message.Fail fail ? fail.failure() : end;
      }
      message = pending.isEmpty() && !closing ? inbox.take() : inbox.poll();
    }
    return !closing;
  }

  private void put(Message.Mask made) {
    try {
      masks.put(made.place(), made.mask());
    } catch (RunnerLostException lost) {
      recover(lost, List.of());
    }
  }

  private void begin(Work<?> work) {
    if (work.future().isDone()) {
      return; // cancelled before it began
    }
    pending.add(work);
    promptTokens += work.promptTokens();
    work.begin(this);
    forgetIfDone(work);
  }

  private void step() {
    long begin = System.nanoTime();
    recovery.advance();
    ScheduledBatch batch = scheduler.schedule();
    held = batch.isEmpty() && masks.isMaking();
    if (held) {
      return;
    }
    if (batch.isEmpty()) {
      throw new IllegalStateException("Requests are pending without a sequence: " + pending.size());
    }
    writer.write(batch, sequence -> owners.get(sequence).sampler(sequence));
    long written = System.nanoTime();
    try {
      runner.submit(buffer);
      runner.collect();
    } catch (RunnerLostException lost) {
      recover(lost, batch.entries());
      return;
    }
    long ran = System.nanoTime();
    count(batch);
    scheduler.update(batch);
    times = times.plus(new StepTimes(written - begin, ran - written, 0));
    publishStatistics(); // before futures complete, so that who waits for one sees it counted
    complete(batch, new StepResults(buffer));
    times = times.plus(new StepTimes(0, 0, System.nanoTime() - ran));
    publishStatistics();
  }

  /** Brings the runner back; what the lost step had computed is computed again. */
  private void recover(RunnerLostException lost, List<ScheduledBatch.Entry> batch) {
    Optional<Recovery.SetAside> found = recovery.recover(lost, batch, finishedRequests);
    takeBuffer();
    found.ifPresent(row -> forget(row.work()));
    publishStatistics(); // before its future completes, as in a step
    found.ifPresent(row -> row.work().setAside(row.error(), this));
  }

  private void takeBuffer() {
    buffer = recovery.buffer();
    writer = new BatchWriter(buffer, runner.blockSize(), masks);
  }

  /** Counts a step that has run; its sequences are still as they were before it. */
  private void count(ScheduledBatch batch) {
    steps++;
    computedTokens += batch.tokens();
    lastSequences = batch.entries().size();
    stepSequences += lastSequences;
    for (ScheduledBatch.Entry entry : batch.entries()) {
      Sequence sequence = entry.sequence();
      Work<?> work = owners.get(sequence);
      boolean answering = sequence.numComputedTokens() >= work.promptTokens();
      decodedTokens += answering && sequence.isDecoding() ? 1 : 0;
      sampledTokens += work instanceof GenerationWork<?> ? entry.rows() : 0;
    }
  }

  private void complete(ScheduledBatch batch, StepResults results) {
    int firstRow = 0;
    for (ScheduledBatch.Entry entry : batch.entries()) {
      for (int row = 0; row < entry.rows(); row++) {
        Work<?> work = owners.get(entry.sequence());
        if (work == null) {
          break; // an earlier row ended it
        }
        work.accept(entry.sequence(), results.at(firstRow + row), this);
        forgetIfDone(work);
      }
      firstRow += entry.rows();
    }
  }

  @Override
  public void add(Sequence sequence, Work<?> work) {
    owners.put(sequence, work);
    scheduler.add(sequence);
  }

  @Override
  public void finish(Sequence sequence) {
    owners.remove(sequence);
    scheduler.finish(sequence);
  }

  @Override
  public boolean hasMask(AnswerPlace place) {
    return masks.has(place);
  }

  @Override
  public boolean fits(int positions) {
    return scheduler.fits(positions);
  }

  @Override
  public boolean fitsForked(int prefix, int positions) {
    return scheduler.fitsForked(prefix, positions);
  }

  private void forgetIfDone(Work<?> work) {
    if (work.future().isDone()) {
      forget(work);
    }
  }

  /** Counts a request as finished, and takes what is left of it out of the schedule. */
  private void forget(Work<?> work) {
    if (pending.remove(work)) {
      work.release(this);
      finishedRequests++;
    }
  }

  private void failPending(EngineFailedException end) {
    List<Work<?>> failed = new ArrayList<>(pending);
    synchronized (gate) {
      failure = end;
      for (Message message = inbox.poll(); message != null; message = inbox.poll()) {
        if (message instanceof Message.Submit submit) {
          failed.add(submit.work());
        }
      }
    }
    failed.forEach(work -> work.future().completeExceptionally(end));
  }

  private void publishStatistics() {
    statistics =
        new EngineStatistics(
            finishedRequests,
            promptTokens,
            computedTokens,
            decodedTokens,
            scheduler.cachedTokens(),
            sampledTokens,
            steps,
            scheduler.preemptions(),
            scheduler.running(),
            scheduler.waiting(),
            recovery.losses(),
            new Occupancy(stepSequences, lastSequences, scheduler.usedBlocks(), scheduler.blocks()),
            times);
  }
}
