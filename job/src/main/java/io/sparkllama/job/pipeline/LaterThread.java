package io.sparkllama.job.pipeline;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Runs, on one thread of its own, what rows ask of the engine once they have answers: neither the
 * engine's thread, which all tasks wait for, nor the task's, which waits for its oldest row. The
 * thread starts with the first such work. Once closed, it runs nothing more: the rows are
 * withdrawn.
 */
final class LaterThread implements Executor, AutoCloseable {
  private static final long IDLE_SECONDS = 30;

  private final ThreadPoolExecutor thread;

  LaterThread() {
    thread =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              Thread made = new Thread(work, "sparkllama-later");
              made.setDaemon(true);
              return made;
            },
            new ThreadPoolExecutor.DiscardPolicy());
    thread.allowCoreThreadTimeOut(true);
  }

  @Override
  public void execute(Runnable work) {
    thread.execute(work);
  }

  /** Ends the thread after what it is just doing; may be called again. */
  @Override
  public void close() {
    thread.shutdown();
    thread.getQueue().clear();
  }
}
