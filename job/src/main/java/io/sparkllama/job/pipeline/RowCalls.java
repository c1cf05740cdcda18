package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.TemplateException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Holds the calls of one row, which asks the engine more than once, and its answers. Calls are sent
 * together, but no more than a bound are in flight: others follow as these are answered. Cancelling
 * the answers withdraws the calls in flight, and no others are sent.
 *
 * <p>The engine's thread only counts; what is chained to answers runs on the executor.
 */
final class RowCalls {
  /**
   * Is what one row may have in flight, in completions: as many as keep any batch full, and few
   * enough that a document of thousands of parts leaves the engine's queue short.
   */
  private static final int MOST_COMPLETIONS = 256;

  private final Executor later;
  private final int most;
  private final Function<TemplateException, List<Answer>> refused;
  private final CompletableFuture<List<Answer>> answers = new CompletableFuture<>();
  private final Set<CompletableFuture<?>> inFlight = ConcurrentHashMap.newKeySet();
  private final AtomicInteger open = new AtomicInteger(); // of the level's calls, without a result

  /**
   * Begins without a call.
   *
   * @param completions of each call
   * @param refused makes the answers of a row that a template refuses
   */
  RowCalls(Executor later, int completions, Function<TemplateException, List<Answer>> refused) {
    this.later = later;
    this.most = most(completions);
    this.refused = refused;
    var unused = answers.whenComplete((done, problem) -> withdraw());
  }

  private static int most(int completions) {
    return Math.max(1, MOST_COMPLETIONS / completions);
  }

  /** Returns the row in flight. */
  PendingAnswer<List<Answer>> pending() {
    return new PendingAnswer<>(answers, Function.identity(), () -> Math.min(open.get(), most));
  }

  /** Ends the row with its answers. */
  void complete(List<Answer> all) {
    answers.complete(all);
  }

  /**
   * Sends calls, the first ones on the caller's thread, and goes on with their results when all are
   * there.
   *
   * @param count of calls, at least 1
   * @param call sends one by its index; asked on the caller's thread or the executor's
   * @param next takes the results in the calls' order, on the executor
   */
  <R> void send(int count, IntFunction<CompletableFuture<R>> call, Consumer<List<R>> next) {
    open.set(count);
    new Level<>(count, call, next).fill();
  }

  private void withdraw() {
    inFlight.forEach(call -> call.cancel(true));
  }

  /** Hands work to the executor; where that cannot take it, nobody would ever answer the row. */
  private void goOn(Runnable work) {
    try {
      later.execute(work);
    } catch (RuntimeException | Error problem) {
      answers.completeExceptionally(problem);
    }
  }

  /** Runs work of the row; a refusal is the row's own, anything else the task's. */
  private void run(Runnable work) {
    if (answers.isDone()) {
      return;
    }
    try {
      work.run();
    } catch (TemplateException problem) {
      answers.complete(refused.apply(problem));
    } catch (RuntimeException | Error problem) {
      answers.completeExceptionally(problem);
    }
  }

  /** Is calls that are sent together. Used by any thread; never waits. */
  private final class Level<R> {
    private final int count;
    private final IntFunction<CompletableFuture<R>> call;
    private final Consumer<List<R>> next;
    private final Semaphore free = new Semaphore(most);
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicReferenceArray<R> results; // [count]

    Level(int count, IntFunction<CompletableFuture<R>> call, Consumer<List<R>> next) {
      this.count = count;
      this.call = call;
      this.next = next;
      this.results = new AtomicReferenceArray<>(count);
    }

    /** Sends what may be in flight. */
    void fill() {
      run(
          () -> {
            while (sent.get() < count && !answers.isDone() && free.tryAcquire()) {
              int index = sent.getAndIncrement();
              if (index < count) {
                send(index);
              }
            }
          });
    }

    private void send(int index) {
      CompletableFuture<R> future = call.apply(index);
      inFlight.add(future);
      // The row may have been withdrawn before this was among its calls.
      if (answers.isDone()) {
        future.cancel(true);
      }
      var unused = future.whenComplete((result, problem) -> accept(index, future, result, problem));
    }

    private void accept(int index, CompletableFuture<R> future, R result, Throwable problem) {
      inFlight.remove(future);
      free.release();
      if (problem != null) {
        answers.completeExceptionally(
            problem instanceof CompletionException && problem.getCause() != null
                ? problem.getCause()
                : problem);
        return;
      }
      results.set(index, result);
      open.decrementAndGet();
      if (answered.incrementAndGet() == count) {
        goOn(() -> run(() -> next.accept(all())));
      } else if (sent.get() < count) {
        goOn(this::fill);
      }
    }

    private List<R> all() {
      return java.util.stream.IntStream.range(0, count).mapToObj(results::get).toList();
    }
  }
}
