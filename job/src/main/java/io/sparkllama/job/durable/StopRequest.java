package io.sparkllama.job.durable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Asks a run to stop before its end, from any thread. */
public final class StopRequest {
  private final List<Runnable> actions = new ArrayList<>(); // guarded by this
  private volatile String reason; // null until it is asked

  /** Asks; the first reason holds. */
  public void stop(String why) {
    List<Runnable> todo;
    synchronized (this) {
      if (reason != null) {
        return;
      }
      reason = why;
      todo = List.copyOf(actions);
    }
    todo.forEach(Runnable::run);
  }

  /** Does something when it is asked, on the thread that asks; at once where it was. */
  public void then(Runnable action) {
    synchronized (this) {
      if (reason == null) {
        actions.add(action);
        return;
      }
    }
    action.run();
  }

  /**
   * Makes sure that the run may go on.
   *
   * @throws RunStoppedException where it was asked to stop
   */
  public void check() {
    if (reason != null) {
      throw RunStoppedException.of(reason);
    }
  }

  /** Returns why the run is to stop; empty while it is not. */
  public Optional<String> reason() {
    return Optional.ofNullable(reason);
  }
}
