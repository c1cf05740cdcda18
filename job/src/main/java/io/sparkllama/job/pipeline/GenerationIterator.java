package io.sparkllama.job.pipeline;

import io.sparkllama.job.metrics.GenerationCounts;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.spark.sql.Row;

/**
 * Yields a partition's answers in the order of its rows, with a bounded number of requests in
 * flight. Rows with equal prompts that stand together share one.
 *
 * <p>Memory holds at most {@code ROWS_OF_A_REQUEST * window} rows, and no more than {@code window}
 * where none are equal. The window is filled again before each wait, so that the engine's batch
 * stays full until the partition's end. Used by the task's thread alone, but for {@link #close}.
 */
final class GenerationIterator implements Iterator<Row>, AutoCloseable {
  private static final long WATCH_MILLISECONDS = 100;

  /** Ends the wait for an answer by an exception where the task is no longer wanted. */
  interface Watch {
    void check();
  }

  /**
   * Is what rows held may be to requests in flight: enough that a run of equal rows costs little.
   */
  private static final int ROWS_OF_A_REQUEST = 8;

  /**
   * Is a row that waits for its answer.
   *
   * @param repeated whether the row before it asked for the same
   */
  private record InFlight(Row row, PendingAnswer<?> pending, boolean repeated) {}

  private final Iterator<Row> rows;
  private final RowWalk walk;
  private final EngineCalls engine;
  private final int window;
  private final Watch watch;
  private final Consumer<GenerationCounts> counted;
  private final ArrayDeque<InFlight> inFlight = new ArrayDeque<>(); // guarded by itself
  private final ArrayDeque<Row> ready = new ArrayDeque<>(); // of one row in flight, to be yielded
  private InFlight last; // that was sent, null before the first
  private GenerationCounts counts = GenerationCounts.NONE;
  private int requests; // in flight; guarded by inFlight
  private boolean closed; // guarded by inFlight

  /**
   * @param window requests in flight at most, at least 1
   * @param watch asked while waiting
   * @param counted receives the partition's counts after every row
   */
  GenerationIterator(
      Iterator<Row> rows,
      RowWalk walk,
      EngineCalls engine,
      int window,
      Watch watch,
      Consumer<GenerationCounts> counted) {
    this.rows = rows;
    this.walk = walk;
    this.engine = engine;
    this.window = window;
    this.watch = watch;
    this.counted = counted;
  }

  @Override
  public boolean hasNext() {
    if (!ready.isEmpty()) {
      return true;
    }
    fill();
    synchronized (inFlight) {
      return !inFlight.isEmpty();
    }
  }

  @Override
  public Row next() {
    if (ready.isEmpty()) {
      takeOldest();
    }
    return ready.remove();
  }

  /** Makes the output's rows of the oldest row in flight: one for each of its completions. */
  private void takeOldest() {
    fill();
    InFlight oldest;
    synchronized (inFlight) {
      oldest = inFlight.peek();
    }
    if (oldest == null) {
      throw new NoSuchElementException("The partition has no more rows.");
    }
    await(oldest.pending());
    List<Answer> answers = oldest.pending().answers();
    synchronized (inFlight) {
      inFlight.poll();
      requests -= oldest.repeated() ? 0 : 1;
    }
    for (int sample = 0; sample < answers.size(); sample++) {
      Answer answer = answers.get(sample);
      GenerationCounts ofRow = walk.counts(oldest.row(), answer);
      ofRow = oldest.repeated() ? ofRow.asRepeated() : ofRow;
      counts = counts.plus(sample == 0 ? ofRow : ofRow.withPromptCached());
      ready.add(walk.output(oldest.row(), answer, sample));
    }
    counts = counts.plus(GenerationCounts.ofCachedTokens(engine.takeCachedTokens()));
    counted.accept(counts);
  }

  /** Withdraws every row in flight from the engine; may be called from any thread, and again. */
  @Override
  public void close() {
    synchronized (inFlight) {
      closed = true;
      inFlight.forEach(row -> row.pending().result().cancel(true));
      inFlight.clear();
    }
  }

  private void fill() {
    while (true) {
      synchronized (inFlight) {
        if (closed || requests >= window || inFlight.size() / ROWS_OF_A_REQUEST >= window) {
          return;
        }
      }
      if (!rows.hasNext()) {
        return;
      }
      InFlight submitted = submit(rows.next());
      synchronized (inFlight) {
        if (closed) {
          submitted.pending().result().cancel(true);
          return;
        }
        inFlight.add(submitted);
        requests += submitted.repeated() ? 0 : 1;
      }
      last = submitted;
    }
  }

  private InFlight submit(Row row) {
    return last != null && walk.haveEqualAnswers(last.row(), row)
        ? new InFlight(row, last.pending(), true)
        : new InFlight(row, walk.submit(engine, row), false);
  }

  private void await(PendingAnswer<?> pending) {
    try {
      while (true) {
        watch.check();
        try {
          pending.result().get(WATCH_MILLISECONDS, TimeUnit.MILLISECONDS);
          return;
        } catch (TimeoutException notYet) {
          continue;
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      watch.check();
      throw new IllegalStateException("The task was interrupted while it waited for an answer.");
    } catch (CancellationException cancelled) {
      watch.check();
      throw new IllegalStateException("The engine withdrew a row that the task waits for.");
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (failed.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException("The engine failed.", failed.getCause());
    }
  }
}
