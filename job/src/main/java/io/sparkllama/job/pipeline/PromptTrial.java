package io.sparkllama.job.pipeline;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.job.planning.PromptCensus;
import io.sparkllama.job.prediction.SampledPrompt;
import io.sparkllama.job.prediction.SharedPrefixes;
import io.sparkllama.job.prediction.TrialAnswer;
import io.sparkllama.job.prediction.TrialReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Row;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the sampled prompts' tokens, and has the engine answer as many of them as its time allows:
 * the first alone, so that what all begin with is in the cache and code is compiled, then as many
 * at once as the engine takes. Used by the task's thread alone.
 */
final class PromptTrial {
  private static final Logger LOG = LoggerFactory.getLogger(PromptTrial.class);
  private static final long WATCH_MILLISECONDS = 100;

  /**
   * Keeps the sample's memory small. Where prompts share more than this, the cache has more than
   * they seem to have in common, which the prediction takes into account.
   */
  private static final int MOST_SHARED = 4_096;

  /**
   * Is a prompt that was started.
   *
   * @param end nanoseconds, as the engine's thread wrote it; read once the answer is there
   */
  private record Started(PendingAnswer<?> pending, long start, long[] end) {}

  private final RowWalk walk;
  private final EngineCalls engine;
  private final TrialLimits limits;
  private final Runnable watch;
  private final Semaphore free;
  private final LaterThread later = new LaterThread();
  private final List<SampledPrompt> prompts = new ArrayList<>();
  private final List<int[]> tokens = new ArrayList<>();
  private final List<Started> started = new ArrayList<>();
  private final SetAsideShare before;

  /**
   * @param watch asked before each row and while waiting; ends both by an exception where the task
   *     is killed
   */
  PromptTrial(RowWalk walk, EngineCalls engine, TrialLimits limits, Runnable watch) {
    this.walk = walk;
    this.engine = engine;
    this.limits = limits;
    this.watch = watch;
    this.free = new Semaphore(limits.inFlight());
    this.before = engine.setAside();
  }

  /**
   * Tries keyed rows, at least one, whose order must be random. Withdraws what it started where it
   * fails.
   */
  TrialReport run(Iterator<Row> rows) throws InterruptedException {
    long cachedBefore = engine.takeCachedTokens(); // another job's
    try {
      long begin = System.nanoTime();
      Row first = rows.next();
      count(first);
      start(first);
      awaitAll();
      long together = System.nanoTime();
      while (rows.hasNext()) {
        check();
        Row row = rows.next();
        count(row);
        if (!hasTooManyFaults()
            && System.nanoTime() - together < TimeUnit.SECONDS.toNanos(limits.seconds())) {
          start(row);
        }
      }
      awaitAll();
      check();
      return report(begin, engine.takeCachedTokens());
    } finally {
      started.forEach(prompt -> prompt.pending().result().cancel(true));
      later.close();
    }
  }

  private void count(Row row) {
    int[] ids;
    try {
      ids = engine.tokens(walk.prompt(row));
    } catch (TemplateException | InvalidTextException refused) {
      ids = new int[0]; // it has an error in its column, and no tokens
    }
    prompts.add(new SampledPrompt(PromptCensus.lengthOf(row), ids.length));
    tokens.add(ids.length > MOST_SHARED ? Arrays.copyOf(ids, MOST_SHARED) : ids);
  }

  private void start(Row row) throws InterruptedException {
    acquire(1);
    long[] end = new long[1];
    long start = System.nanoTime();
    PendingAnswer<?> pending = walk.submit(engine, later, row);
    started.add(new Started(pending, start, end));
    int places = Math.min(pending.requests(), limits.inFlight());
    var unused =
        pending
            .result()
            .whenComplete(
                (answer, problem) -> {
                  end[0] = System.nanoTime();
                  free.release(places);
                });
    acquire(places - 1); // a row with several requests takes the places of as many rows
  }

  private void acquire(int places) throws InterruptedException {
    while (!free.tryAcquire(places, WATCH_MILLISECONDS, TimeUnit.MILLISECONDS)) {
      check();
    }
  }

  /** Ends the trial where the task is killed, or, where it is to, by too many faults. */
  private void check() {
    watch.run();
    if (limits.faults() == TrialLimits.Faults.FAIL && hasTooManyFaults()) {
      throw engine.setAside().since(before).failure("of the trial", lastSetAside());
    }
  }

  /** Tells whether the engine cannot run too many of the trial's prompts. */
  private boolean hasTooManyFaults() {
    return engine.setAside().since(before).isTooLarge();
  }

  private String lastSetAside() {
    return started.stream()
        .map(Started::pending)
        .filter(row -> row.result().isDone() && !row.result().isCompletedExceptionally())
        .flatMap(row -> row.answers().get(0).error().stream())
        .filter(error -> error.errorClass().equals(RowError.SET_ASIDE))
        .map(RowError::message)
        .reduce((earlier, later) -> later)
        .orElse("a part of a document that is not answered yet");
  }

  /** Waits until nothing is under way: every answer and its time can be read then. */
  private void awaitAll() throws InterruptedException {
    acquire(limits.inFlight());
    free.release(limits.inFlight());
  }

  private TrialReport report(long begin, long cachedTokens) {
    if (hasTooManyFaults()) {
      LOG.warn(
          "The engine could not run too many prompts of the trial: it started {} and no more; one"
              + " of them: {}",
          started.size(),
          lastSetAside());
    }
    List<TrialAnswer> answers = new ArrayList<>();
    for (Started prompt : started) {
      List<Answer> completions = prompt.pending().answers();
      Answer answer = completions.get(0);
      answers.add(
          new TrialAnswer(
              answer.promptTokens(),
              completions.stream().mapToInt(Answer::completionTokens).sum(),
              answer.error().isPresent(),
              (prompt.start() - begin) / 1e9,
              (prompt.end()[0] - begin) / 1e9));
    }
    List<int[]> answered = new ArrayList<>();
    for (int i = 0; i < answers.size(); i++) {
      answered.add(answers.get(i).failed() ? new int[0] : tokens.get(i));
    }
    return new TrialReport(
        prompts,
        answers,
        limits.concurrency(),
        SharedPrefixes.of(tokens),
        SharedPrefixes.of(answered),
        cachedTokens,
        engine.cachePositions());
  }
}
