package io.sparkllama.engine;

import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Carries one request through the steps: makes its sequences, takes their results, completes its
 * future. All methods run on the engine's thread.
 *
 * @param <R> the result
 */
abstract class Work<R> {
  private final int adapter;
  private final CompletableFuture<R> future = new CompletableFuture<>();
  private final List<Sequence> sequences = new ArrayList<>(); // those in the schedule

  /**
   * @param adapter of all its sequences, {@link Sequence#NO_ADAPTER} for none
   */
  Work(int adapter) {
    this.adapter = adapter;
  }

  final CompletableFuture<R> future() {
    return future;
  }

  /** Returns the tokens of its prompt. */
  abstract int promptTokens();

  /** Adds its first sequences, or completes at once where there is nothing to run. */
  abstract void begin(SequenceOwner owner);

  /** Takes one row of results of one of its sequences. */
  abstract void accept(Sequence sequence, StepResults row, SequenceOwner owner);

  /** Makes the result that holds an error. */
  abstract R failed(RowError error);

  /** Returns how the tokens of one of its sequences are chosen. */
  SamplerSettings sampler(Sequence sequence) {
    return SamplerSettings.NONE;
  }

  /** Takes its sequences out of the schedule, whatever their state. */
  final void release(SequenceOwner owner) {
    sequences.forEach(owner::finish);
    sequences.clear();
  }

  /** Completes with an error that is not of its own making. */
  final void setAside(RowError error, SequenceOwner owner) {
    complete(failed(error), owner);
  }

  protected final void add(Sequence sequence, SequenceOwner owner) {
    sequence.use(adapter);
    sequences.add(sequence);
    owner.add(sequence, this);
  }

  protected final void finish(Sequence sequence, SequenceOwner owner) {
    sequences.remove(sequence);
    owner.finish(sequence);
  }

  protected final void complete(R result, SequenceOwner owner) {
    release(owner);
    future.complete(result);
  }

  protected final void failNotNumbers(SequenceOwner owner) {
    complete(
        failed(
            new RowError(
                RowError.NAN_LOGITS,
                "The model gave logits that are not numbers: check the model file, or use a KV"
                    + " cache of type f32")),
        owner);
  }

  protected final void failTooLarge(int positions, SequenceOwner owner) {
    complete(
        failed(
            new RowError(
                RowError.KV_CACHE_TOO_SMALL,
                "The row needs more KV cache than the engine has; raise engine.kv-cache-memory, or"
                    + " lower max-tokens or the context length: "
                    + positions
                    + " positions")),
        owner);
  }
}
