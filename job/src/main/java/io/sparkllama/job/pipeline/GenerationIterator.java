package io.sparkllama.job.pipeline;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.GenerationCounts;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.sql.Row;

/**
 * Yields a partition's answers in the order of its rows, with a bounded number of requests in
 * flight. Rows with equal prompts that stand together share one. Where no further row may begin, it
 * ends with those in flight, and with the rows that have the prompt of the last of them.
 *
 * <p>Memory holds at most {@code ROWS_OF_A_REQUEST * window} rows, and no more than {@code window}
 * where none are equal. A row that asks more than once, for the parts of a long document, counts as
 * those that are not answered yet; it is sent where the window has room for one. The window is
 * filled again before each wait and while it lasts, so that the engine's batch stays full until the
 * partition's end. Used by the task's thread alone, but for {@link #close}.
 */
final class GenerationIterator implements Iterator<Row>, AutoCloseable {
  private static final long WATCH_MILLISECONDS = 100;

  /** Tells whether the task is still wanted. */
  interface Watch {
    /** Ends the work on rows by an exception where the task is killed. */
    void check();

    /** Tells whether another row may begin. */
    default boolean admits() {
      return true;
    }

    /** Hears what the rows answered so far have taken: tokens computed, of prompts and answers. */
    default void used(long tokens) {}
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
  private final PartitionReport report;
  private final LaterThread later = new LaterThread();
  private final ArrayDeque<InFlight> inFlight = new ArrayDeque<>(); // guarded by itself
  private final ArrayDeque<Row> ready = new ArrayDeque<>(); // of one row in flight, to be yielded
  private final List<PendingAnswer<?>> longRows = new ArrayList<>(); // that ask more than once
  private InFlight last; // that was sent, null before the first
  private GenerationCounts counts = GenerationCounts.NONE;
  private int requests; // in flight; guarded by inFlight
  private boolean closed; // guarded by inFlight
  private boolean ended; // before the last row, by the watch
  private long usedTokens;

  /**
   * @param window requests in flight at most, at least 1
   * @param watch asked before each row is read, and while waiting
   * @param report hears what becomes of the rows
   */
  GenerationIterator(
      Iterator<Row> rows,
      RowWalk walk,
      EngineCalls engine,
      int window,
      Watch watch,
      PartitionReport report) {
    this.rows = rows;
    this.walk = walk;
    this.engine = engine;
    this.window = window;
    this.watch = watch;
    this.report = report;
  }

  @Override
  public boolean hasNext() {
    while (ready.isEmpty()) {
      fill();
      synchronized (inFlight) {
        if (inFlight.isEmpty()) {
          return false;
        }
      }
      takeOldest(); // which makes no row of the output where the engine could not run it
    }
    return true;
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException("The partition has no more rows.");
    }
    return ready.remove();
  }

  /** Makes the output's rows of the oldest row in flight: one for each of its completions. */
  private void takeOldest() {
    InFlight oldest;
    synchronized (inFlight) {
      oldest = inFlight.peek();
    }
    if (oldest == null) {
      return; // closed meanwhile
    }
    await(oldest.pending());
    List<Answer> answers = oldest.pending().answers();
    synchronized (inFlight) {
      inFlight.poll();
      requests -= oldest.repeated() ? 0 : 1;
    }
    Optional<DeadRow> dead =
        walk.dead(oldest.row(), answers)
            .map(found -> oldest.repeated() ? found.asRepeated() : found);
    boolean taken = dead.isPresent() && report.takes(dead.get());
    if (dead.isPresent() && !taken) {
      requireFew(engine.setAside(), dead.get());
    }
    for (int sample = 0; sample < answers.size() && !taken; sample++) {
      Answer answer = answers.get(sample);
      GenerationCounts ofRow = walk.counts(oldest.row(), answer);
      ofRow = oldest.repeated() ? ofRow.asRepeated() : ofRow;
      counts = counts.plus(sample == 0 ? ofRow : ofRow.withPromptCached());
      ready.add(walk.output(oldest.row(), answer, sample));
      usedTokens += oldest.repeated() ? 0 : answer.computedTokens(sample);
    }
    long cached = engine.takeCachedTokens();
    counts = counts.plus(GenerationCounts.ofCachedTokens(cached));
    usedTokens -= cached;
    report.counted(counts);
    watch.used(usedTokens);
  }

  /**
   * Ends the task where nobody takes the rows that its engine cannot run, and these are too many:
   * then the fault is rather the engine's, and no row should have it as its answer.
   */
  private static void requireFew(SetAsideShare share, DeadRow last) {
    if (share.isTooLarge()) {
      throw share.failure(
          "that this executor's engine has finished since the first task of this stage came to it,"
              + " of whatever job and attempt",
          last.message());
    }
  }

  /** Withdraws every row in flight from the engine; may be called from any thread, and again. */
  @Override
  public void close() {
    synchronized (inFlight) {
      closed = true;
      inFlight.forEach(row -> row.pending().result().cancel(true));
      inFlight.clear();
    }
    later.close();
  }

  /** Sends what the window has room for; does not wait for answers. */
  void fill() {
    while (true) {
      synchronized (inFlight) {
        if (closed
            || requests + moreRequests() >= window
            || inFlight.size() / ROWS_OF_A_REQUEST >= window) {
          return;
        }
      }
      watch.check(); // a wide window of long prompts takes long to fill
      if (ended || !rows.hasNext()) {
        return;
      }
      Row row = rows.next();
      boolean repeated = last != null && walk.haveEqualAnswers(last.row(), row);
      if (!repeated && !watch.admits()) {
        ended = true;
        return;
      }
      InFlight submitted =
          repeated
              ? new InFlight(row, last.pending(), true)
              : new InFlight(row, walk.submit(engine, later, row), false);
      synchronized (inFlight) {
        if (closed) {
          submitted.pending().result().cancel(true);
          return;
        }
        inFlight.add(submitted);
        requests += submitted.repeated() ? 0 : 1;
      }
      last = submitted;
      if (!submitted.repeated() && submitted.pending().requests() > 1) {
        longRows.add(submitted.pending());
      }
    }
  }

  /** Returns what rows in flight ask at present beyond one request each. */
  private int moreRequests() {
    longRows.removeIf(row -> row.result().isDone());
    return longRows.stream().mapToInt(row -> row.requests() - 1).sum();
  }

  private void await(PendingAnswer<?> pending) {
    try {
      while (true) {
        watch.check();
        try {
          pending.result().get(WATCH_MILLISECONDS, TimeUnit.MILLISECONDS);
          return;
        } catch (TimeoutException notYet) {
          fill(); // a long document's requests get fewer before it has its answer
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
