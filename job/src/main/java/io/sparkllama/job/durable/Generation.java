package io.sparkllama.job.durable;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.planning.FirstRows;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.StructType;

/**
 * Answers files of work in batches: each batch is written to a folder of its own, shown to readers,
 * and then committed to the query's checkpoint. A run that is killed loses the open batch, which
 * the next run answers again, over the same files.
 *
 * <p>A batch is one action over the model's answers, never two.
 */
public final class Generation {
  private static final long POLL_MILLISECONDS = 20;

  /** Spark leaves out files that are older than the newest one by more than that. */
  private static final String NO_FILE_IS_TOO_OLD = "36500d";

  /** Is what follows the batch under way. */
  private enum Next {
    BATCH,
    ANOTHER_QUERY,
    END
  }

  /**
   * Is a batch that is published.
   *
   * @param counts of what this run has done for it
   * @param answered rows of the input
   * @param stopped whether a limit has left some of its rows
   * @param found whether another run has made it; it may have left rows, which a query sees that
   *     starts later
   */
  private record Answered(
      GenerationCounts counts,
      long answered,
      List<DeadLetter> letters,
      boolean stopped,
      boolean found) {
    long done() {
      return answered + letters.size();
    }
  }

  /**
   * Says what was done.
   *
   * @param answered rows of the input
   * @param letters rows of the input that the engine could not run, by the class of their error
   * @param batches committed
   */
  public record Outcome(
      GenerationCounts counts, long answered, Map<String, Long> letters, long batches) {
    public Outcome {
      letters = Map.copyOf(letters);
    }

    /** Returns the rows of the input that the run is done with. */
    public long done() {
      return answered + letters.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  private final DurableJob job;
  private final ConfigurationFolder folder;
  private final BatchWalk walk;
  private final long pending;
  private final RunControl control;

  // Written by the query's thread, and read when that has ended, or after next.
  private GenerationCounts counts = GenerationCounts.NONE;
  private long answered;
  private final Map<String, Long> classes = new TreeMap<>(); // of letters
  private long batches;
  private long lastBatch = -1;
  private BatchSize size; // null before the run
  private CircuitBreaker breaker; // null before the run
  private volatile long letters; // of committed batches; the query's thread alone changes it
  private volatile long requests; // of those letters
  private volatile LongSupplier underWay = () -> 0; // requests of letters of the open batch
  private volatile Exception failure; // null where no batch has failed
  private volatile Next next = Next.BATCH;

  /**
   * @param pending rows of the input that were taken and have no answer
   */
  public Generation(
      DurableJob job,
      ConfigurationFolder folder,
      BatchWalk walk,
      long pending,
      RunControl control) {
    this.job = job;
    this.folder = folder;
    this.walk = walk;
    this.pending = pending;
    this.control = control;
  }

  /**
   * Answers all files of work, or as many as the limits let.
   *
   * @param schema of the files' rows
   * @throws IOException where rows have got lost
   * @throws InvalidConfigurationException where they were lost before
   */
  public Outcome run(SparkSession spark, StructType schema) throws IOException {
    WorkFolder work = folder.work();
    size =
        new BatchSize(
            job.settings(), spark.sparkContext().defaultParallelism(), work.rowsOfFile(), pending);
    breaker =
        new CircuitBreaker(
            job.settings().deadLetters(),
            requests(folder.openLetters()),
            work.retried(),
            work.rows(),
            pending);
    SparkSession session = QuerySession.like(spark);
    boolean more = true;
    while (more) {
      next = Next.BATCH;
      failure = null;
      await(start(session, schema.asNullable()));
      more = next == Next.ANOTHER_QUERY;
    }
    if (next != Next.END && answered + letters != pending) {
      refuseLost();
    }
    if (next != Next.END) {
      control.check();
      folder.answered();
    }
    return new Outcome(counts, answered, classes, batches);
  }

  /** Counts letters, one of those that shared a request. */
  private static long requests(List<DeadLetter> letters) {
    return letters.stream().filter(letter -> !letter.repeated()).count();
  }

  private StreamingQuery start(SparkSession session, StructType schema) {
    Dataset<Row> work =
        session
            .readStream()
            .schema(schema)
            .option("recursiveFileLookup", "true") // the folders' names are no columns
            .option("maxFilesPerTrigger", String.valueOf(size.files()))
            .option("maxFileAge", NO_FILE_IS_TOO_OLD)
            .parquet(folder.work().path());
    VoidFunction2<Dataset<Row>, Long> each = (batch, number) -> each(batch, number);
    try {
      return work.writeStream()
          .trigger(Trigger.AvailableNow())
          .option("checkpointLocation", folder.checkpoint())
          .foreachBatch(each)
          .start();
    } catch (TimeoutException busy) {
      throw new IllegalStateException("No other query of this session is under way.", busy);
    }
  }

  /** Waits for a query's end, or stops it between two batches. */
  private void await(StreamingQuery query) throws IOException {
    try {
      while (!query.awaitTermination(POLL_MILLISECONDS)) {
        if (control.ends()) {
          query.stop();
          control.check();
        }
        long dead = requests + underWay.getAsLong();
        if (breaker.trips(dead)) {
          query.stop();
          throw breaker.tripped(dead);
        }
        boolean committed =
            next != Next.BATCH
                && query.lastProgress() != null
                && query.lastProgress().batchId() >= lastBatch;
        if (committed) {
          query.stop();
          return;
        }
      }
    } catch (StreamingQueryException failed) {
      throw Generation.<RuntimeException>undeclared(failure == null ? failed : failure);
    } catch (TimeoutException stuck) {
      throw new IllegalStateException("Spark has not stopped a query between batches.", stuck);
    }
  }

  @SuppressWarnings("unchecked") // erased: nothing is cast
  private static <E extends Throwable> E undeclared(Throwable wrong) throws E {
    throw (E) wrong;
  }

  /** Answers one batch, on the query's thread; Spark wraps what it throws. */
  private void each(Dataset<Row> batch, long number) throws Exception {
    try {
      answer(batch, number);
    } catch (InterruptedException stopped) {
      throw stopped;
    } catch (Exception wrong) {
      failure = replacedOr(wrong);
      throw failure;
    }
  }

  /** A run that was replaced may fail anywhere, since its successor removes what it has begun. */
  private Exception replacedOr(Exception wrong) {
    try {
      control.lock().check();
    } catch (IOException replaced) {
      if (control.lock().isLost()) {
        replaced.addSuppressed(wrong);
        return replaced;
      }
    }
    return wrong;
  }

  private void answer(Dataset<Row> batch, long number) throws IOException, InterruptedException {
    if (next != Next.BATCH) {
      Thread.sleep(Long.MAX_VALUE); // the query is being stopped, which interrupts it
    }
    control.check();
    long start = System.nanoTime();
    OptionalLong there = folder.published(number).counted();
    Answered made = there.isPresent() ? found(number, there.getAsLong()) : made(batch, number);
    control.check();
    add(made, number);
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    long handled = answered + letters;
    boolean enough = job.limits().rows().isPresent() && handled >= job.limits().rows().getAsLong();
    if (made.stopped() || (enough && handled < pending)) {
      next = Next.END;
    } else if (handled < pending
        && (made.found() || size.changes(made.done(), took, pending - handled))) {
      next = Next.ANOTHER_QUERY;
    }
  }

  /** Answers a batch, and publishes it. */
  private Answered made(Dataset<Row> batch, long number) throws IOException {
    boolean limited = job.limits().rows().isPresent() || job.limits().endRunningTasks();
    long rows = limited ? batch.count() : 0; // reads the files; no row goes to the model
    OpenBatch open = new OpenBatch(job, folder, control, batch, number);
    BatchAnswers answers = walk.over(first(batch, rows));
    underWay = answers.deadSoFar();
    open.write(answers.rows());
    GenerationCounts made = GenerationCounter.sum(answers.counter().value());
    open.requireWhole(made.rows());
    List<DeadRow> dead = answers.dead().all();
    List<DeadLetter> set = open.setAside(dead);
    long of = made.rows() / job.completions();
    long all = requests + requests(set);
    if (breaker.trips(all, letters + set.size(), answered + of)) {
      throw breaker.tripped(all);
    }
    long done = of + set.size();
    boolean stopped = limited && done < rows;
    if (stopped) {
      open.leave(rows - done, dead);
    }
    return open.publish(made.rows())
        ? new Answered(made, of, set, stopped, false)
        : found(number, folder.published(number).counted().orElseThrow());
  }

  /**
   * Takes a batch that was published and not committed: its run was killed just then, or is one
   * that this run has replaced. Its rows are those that this run would have made.
   *
   * @param rows of the output that it holds
   */
  private Answered found(long number, long rows) throws IOException {
    folder.published(number).settle();
    return new Answered(
        GenerationCounts.NONE,
        rows / job.completions(),
        folder.deadLetters().read(number - 1, number),
        false,
        true);
  }

  private void add(Answered made, long number) {
    counts = counts.plus(made.counts());
    answered += made.answered();
    made.letters().forEach(letter -> classes.merge(letter.errorClass(), 1L, Long::sum));
    underWay = () -> 0;
    letters += made.letters().size();
    requests += requests(made.letters());
    batches++;
    lastBatch = number;
  }

  /** Returns what a batch may have of the rows that the run may answer. */
  private Dataset<Row> first(Dataset<Row> batch, long rows) {
    long most = job.limits().rows().orElse(Long.MAX_VALUE) - answered - letters;
    return rows <= most ? batch : new FirstRows(batch).take(most);
  }

  private void refuseLost() throws IOException {
    if (answered + letters > pending) {
      throw new IOException(
          "More rows were answered than were taken from the input: files lie among those of work that"
              + " no run has finished; begin anew with output.mode = overwrite: "
              + (answered + letters)
              + " instead of "
              + pending
              + " rows, in "
              + folder.rows()
              + ", from files below "
              + folder.work().path());
    }
    List<String> missing = folder.work().missing(Long.MAX_VALUE);
    if (batches == 0 && missing.isEmpty()) { // then another run would find nothing to do as well
      throw new InvalidConfigurationException(
          "Rows that were taken from the input have neither an answer nor a dead letter, and no file"
              + " of work has them; restore what was removed, rows of the output or dead letters"
              + " beside it, or begin anew with output.mode = overwrite: "
              + pending
              + " rows, in "
              + folder.rows()
              + ", with dead letters in "
              + folder.deadLetterList());
    }
    throw new IOException(
        "Rows were taken from the input and have no answer, though all files with them were"
            + " answered that are there; begin anew with output.mode = overwrite: "
            + (answered + letters)
            + " of "
            + pending
            + " rows, in "
            + folder.rows()
            + ", batches "
            + (lastBatch - batches + 1)
            + " to "
            + lastBatch
            + (missing.isEmpty() ? "" : "; missing: " + String.join(", ", missing)));
  }
}
