package io.sparkllama.job.durable;

import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.planning.DoneRows;
import io.sparkllama.job.planning.FirstRows;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.StructType;

/**
 * Answers files of work in batches: each batch replaces what the output has of it, and is then
 * committed to the query's checkpoint. A run that is killed loses the open batch, which the next
 * run answers again, over the same files into the same place.
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
    ANOTHER_SIZE,
    END
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
      StreamingQuery query = start(session, schema.asNullable());
      more = stopped(query) && next == Next.ANOTHER_SIZE;
    }
    if (next != Next.END && answered + letters != pending) {
      throw lost();
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

  /** Waits for a query's end; tells whether it was stopped between two batches. */
  private boolean stopped(StreamingQuery query) throws IOException {
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
          return true;
        }
      }
      return false;
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
    } catch (Exception wrong) {
      failure = wrong;
      throw wrong;
    }
  }

  private void answer(Dataset<Row> batch, long number) throws IOException, InterruptedException {
    if (next != Next.BATCH) {
      Thread.sleep(Long.MAX_VALUE); // the query is being stopped, which interrupts it
    }
    control.check();
    long start = System.nanoTime();
    boolean limited = job.limits().rows().isPresent() || job.limits().endRunningTasks();
    long rows = limited ? batch.count() : 0; // reads the files; no row goes to the model
    BatchAnswers answers = walk.over(first(batch, rows));
    underWay = answers.deadSoFar();
    folder.replace(answers.rows(), number);
    GenerationCounts made = GenerationCounter.sum(answers.counter().value());
    requireWhole(number, made.rows());
    List<DeadRow> dead = answers.dead().all();
    long set = setAside(batch, number, dead, made.rows() / job.completions());
    long done = made.rows() / job.completions() + set;
    boolean stopped = limited && done < rows;
    if (stopped) {
      leave(batch, number, rows - done, dead);
    }
    control.check();
    counts = counts.plus(made);
    answered += done - set;
    underWay = () -> 0;
    letters += set;
    requests += ofRequests(dead);
    batches++;
    lastBatch = number;
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    long handled = answered + letters;
    boolean enough = job.limits().rows().isPresent() && handled >= job.limits().rows().getAsLong();
    if (stopped || (enough && handled < pending)) {
      next = Next.END;
    } else if (size.changes(done, took, pending - handled)) {
      next = Next.ANOTHER_SIZE;
    }
  }

  /**
   * Makes sure that a batch's folder holds the rows that were made for it. Two runs, of which one
   * was held up and replaced, share the folder's temporary files, and the tasks' counters do not
   * tell when one has taken the other's away. A batch that was not committed is answered again.
   */
  private void requireWhole(long number, long made) throws IOException {
    long found = folder.count(BatchRange.of(number), job.prepared().output());
    control.check(); // says it better where it is so
    if (found != made) {
      throw new IOException(
          "A batch of the output holds other rows than were made for it, as where two runs write to"
              + " it at once, or its files are removed; see that no other program writes there, and"
              + " run the job again with output.mode = resume: "
              + found
              + " rows instead of "
              + made
              + " in "
              + folder.place(number));
    }
  }

  private static long ofRequests(List<DeadRow> dead) {
    return dead.stream().filter(row -> !row.repeated()).count();
  }

  /**
   * Writes the letters of a batch, and returns how many there are.
   *
   * @param done rows of the input that it has answered
   */
  private long setAside(Dataset<Row> batch, long number, List<DeadRow> dead, long done)
      throws IOException {
    if (dead.isEmpty()) {
      return 0;
    }
    long set =
        new BatchLetters(job, folder, control).write(unanswered(batch, number), number, dead);
    long all = requests + ofRequests(dead);
    if (breaker.trips(all, letters + set, answered + done)) {
      throw breaker.tripped(all);
    }
    // Rows that share a key with one that a task saw are letters of its class.
    long others = set - dead.size();
    dead.forEach(row -> classes.merge(row.errorClass(), 1L, Long::sum));
    classes.merge(dead.get(0).errorClass(), others, Long::sum);
    return set;
  }

  /** Returns what a batch may have of the rows that the run may answer. */
  private Dataset<Row> first(Dataset<Row> batch, long rows) {
    long most = job.limits().rows().orElse(Long.MAX_VALUE) - answered - letters;
    return rows <= most ? batch : new FirstRows(batch).take(most);
  }

  /** Returns the rows of a batch that its output has not. */
  private Dataset<Row> unanswered(Dataset<Row> batch, long number) throws IOException {
    Column[] columns =
        Arrays.stream(job.prepared().rows().columns())
            .map(name -> functions.col(name))
            .toArray(Column[]::new);
    Dataset<Row> output = folder.read(BatchRange.of(number), job.prepared().output());
    return DoneRows.ofOutput(job.prepared().identity(job.completions()), output)
        .leaveOut(batch.select(columns));
  }

  /** Makes work for another run of the rows that a batch has neither answered nor set aside. */
  private void leave(Dataset<Row> batch, long number, long count, List<DeadRow> dead)
      throws IOException {
    Dataset<Row> all = unanswered(batch, number);
    Set<String> keys = dead.stream().map(DeadRow::row).collect(Collectors.toSet());
    Dataset<Row> left = keys.isEmpty() ? all : job.prepared().ofKeys(keys).outside(all);
    int parallelism = batch.sparkSession().sparkContext().defaultParallelism();
    long written =
        new Intake(folder, job.settings(), control)
            .write(
                folder.work().rest(number),
                job.prepared().with(left),
                count,
                job.spread().anew(count, parallelism));
    if (written != count) {
      throw new IOException(
          "The rows that a batch has not answered cannot be told from those that it has; the output"
              + " may keep values otherwise than it was given them: "
              + written
              + " rows instead of "
              + count
              + " in batch "
              + number);
    }
  }

  private IOException lost() throws IOException {
    if (answered + letters > pending) {
      return new IOException(
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
    List<String> missing = folder.work().missing();
    return new IOException(
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
