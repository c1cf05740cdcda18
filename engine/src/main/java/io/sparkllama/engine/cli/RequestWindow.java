package io.sparkllama.engine.cli;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Keeps a bounded number of requests in flight, so that the engine's batch stays full and a long
 * file does not fill the memory; hands results back in the order of the requests.
 *
 * @param <I> what is asked
 * @param <R> what is answered
 */
final class RequestWindow<I, R> implements AutoCloseable {
  private final int size;
  private final Function<I, CompletableFuture<R>> submit;
  private final Results<I, R> results;
  private final Queue<Pending<I, R>> pending = new ArrayDeque<>();

  /** Takes results. */
  interface Results<I, R> {
    void take(I request, R result) throws IOException;
  }

  private record Pending<I, R>(I request, CompletableFuture<R> future) {}

  RequestWindow(int size, Function<I, CompletableFuture<R>> submit, Results<I, R> results) {
    this.size = size;
    this.submit = submit;
    this.results = results;
  }

  /** Sends a request, and waits for the oldest one where the window is full. */
  void add(I request) throws IOException {
    if (pending.size() >= size) {
      takeOldest();
    }
    pending.add(new Pending<>(request, submit.apply(request)));
  }

  /** Waits for all that is in flight. */
  void drain() throws IOException {
    while (!pending.isEmpty()) {
      takeOldest();
    }
  }

  private void takeOldest() throws IOException {
    Pending<I, R> oldest = pending.remove();
    results.take(oldest.request(), oldest.future().join());
  }

  /** Gives up what is still in flight after a failure. */
  @Override
  public void close() {
    pending.forEach(request -> request.future().cancel(true));
    pending.clear();
  }
}
