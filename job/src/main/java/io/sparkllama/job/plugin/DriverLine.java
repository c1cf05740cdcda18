package io.sparkllama.job.plugin;

import io.sparkllama.job.broadcast.ChunkRequest;
import io.sparkllama.job.broadcast.ModelOffers;
import io.sparkllama.job.limit.RunBudget;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * Carries what executors tell and ask their driver, by the messages that Spark gives to plugins:
 * reports of tasks to the budget of their run, and requests for parts of a model.
 *
 * <p>Static on both sides, since Spark makes the plugin and gives nobody a reference to it.
 * Messages are of Java's own types alone: the thread that reads them need not know our jar.
 */
public final class DriverLine {
  private static final Map<Long, RunBudget> BUDGETS = new ConcurrentHashMap<>(); // the driver's
  private static final AtomicLong RUNS = new AtomicLong();
  private static volatile PluginContext executor; // null where there is no plugin
  private static volatile ModelOffers offers; // the driver's; null where there is no plugin

  /** Is a run whose tasks report to its budget until it is closed. */
  public record Listening(long run) implements AutoCloseable {
    @Override
    public void close() {
      BUDGETS.remove(run);
    }
  }

  private DriverLine() {}

  /** Tells whether the tasks of an application can reach their driver. */
  public static boolean isOpen(SparkConf conf) {
    return Arrays.asList(conf.get("spark.plugins", "").strip().split("\\s*,\\s*"))
        .contains(SparkLlamaPlugin.class.getName());
  }

  /** Lets tasks report to a budget; called on the driver. */
  public static Listening listen(RunBudget budget) {
    long run = RUNS.incrementAndGet();
    BUDGETS.put(run, budget);
    return new Listening(run);
  }

  /**
   * Reports from a task, and waits for the answer.
   *
   * @throws Exception where none comes
   */
  public static long report(long run, long task, long tokens) throws Exception {
    return (Long) ask(new long[] {run, task, tokens});
  }

  /** Asks the driver from an executor, and waits for the answer. */
  static Object ask(Object message) throws Exception {
    return context().ask(message);
  }

  /** Returns this executor's name. */
  static String executorId() {
    return context().executorID();
  }

  /** Returns what Spark has given to this executor, by name; empty where there is no plugin. */
  static Optional<Map<String, ResourceInformation>> resources() {
    return Optional.ofNullable(executor).map(PluginContext::resources);
  }

  private static PluginContext context() {
    PluginContext context = executor;
    if (context == null) {
      throw new IllegalStateException("Spark has not started the plugin on this executor.");
    }
    return context;
  }

  /** Returns what the driver sends; empty where no session with the plugin runs here. */
  static Optional<ModelOffers> offers() {
    return Optional.ofNullable(offers);
  }

  /** Answers an executor, on the driver. A run that is over has nothing left. */
  static Object answer(Object message) {
    Optional<ChunkRequest> request = ChunkRequest.of(message);
    if (request.isPresent()) {
      ModelOffers open = offers;
      return open == null ? "the application has ended" : open.answer(request.get());
    }
    long[] report = (long[]) message; // [run, task, tokens]
    RunBudget budget = BUDGETS.get(report[0]);
    return budget == null ? 0L : budget.report(report[1], report[2]);
  }

  static void open(PluginContext context) {
    executor = context;
  }

  static void open(ModelOffers made) {
    offers = made;
  }

  /** Ends what the driver sends; another application's in this process stays. */
  static void close(ModelOffers made) {
    if (offers == made) {
      offers = null;
    }
    made.close();
  }

  /** Ends what was opened with this context; another application's in this process stays. */
  static void close(PluginContext context) {
    if (executor == context) {
      executor = null;
    }
  }
}
