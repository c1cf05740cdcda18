package io.sparkllama.job.plugin;

import io.sparkllama.job.limit.RunBudget;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;
import org.apache.spark.api.plugin.PluginContext;

/**
 * Carries reports of tasks to the budget of their run on the driver, by the messages that Spark
 * gives to plugins.
 *
 * <p>Static on both sides, since Spark makes the plugin and gives nobody a reference to it.
 * Messages are of Java's own types alone: the thread that reads them need not know our jar.
 */
public final class DriverLine {
  private static final Map<Long, RunBudget> BUDGETS = new ConcurrentHashMap<>(); // the driver's
  private static final AtomicLong RUNS = new AtomicLong();
  private static volatile PluginContext executor; // null where there is no plugin

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
    PluginContext context = executor;
    if (context == null) {
      throw new IllegalStateException("Spark has not started the plugin on this executor.");
    }
    return (Long) context.ask(new long[] {run, task, tokens});
  }

  /** Answers a report, on the driver. A run that is over has nothing left. */
  static Long answer(Object message) {
    long[] report = (long[]) message; // [run, task, tokens]
    RunBudget budget = BUDGETS.get(report[0]);
    return budget == null ? 0L : budget.report(report[1], report[2]);
  }

  static void open(PluginContext context) {
    executor = context;
  }

  /** Ends what was opened with this context; another application's in this process stays. */
  static void close(PluginContext context) {
    if (executor == context) {
      executor = null;
    }
  }
}
