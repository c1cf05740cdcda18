package io.sparkllama.job.plugin;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.sparkllama.engine.EngineStatistics;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Offers what the executor's engine counts to Spark's metrics system, under the plugin's name.
 * Nothing is computed before a sink asks.
 *
 * <p>All of them are gauges on what the engine of the moment tells: 0 without one, and from 0 again
 * with another.
 */
final class EngineMetrics {
  private final MetricRegistry registry;
  private final Supplier<EngineStatistics> statistics;

  private EngineMetrics(MetricRegistry registry, Supplier<EngineStatistics> statistics) {
    this.registry = registry;
    this.statistics = statistics;
  }

  /**
   * Registers every metric.
   *
   * @param statistics asked on the threads of sinks, once for each value: must not wait
   * @param gpus that the engine of the moment computes on; asked likewise
   */
  static void register(
      MetricRegistry registry, Supplier<EngineStatistics> statistics, LongSupplier gpus) {
    registry.register("gpus", (Gauge<Long>) gpus::getAsLong);
    EngineMetrics metrics = new EngineMetrics(registry, statistics);
    metrics.addTokens();
    metrics.addSteps();
    metrics.addCache();
    metrics.addLosses();
  }

  private void addTokens() {
    add("finishedRequests", EngineStatistics::finishedRequests);
    add("promptTokens", EngineStatistics::promptTokens);
    add("prefillTokens", now -> now.computedTokens() - now.decodedTokens());
    add("decodeTokens", EngineStatistics::decodedTokens);
    add("cachedTokens", EngineStatistics::cachedTokens);
    add("generatedTokens", EngineStatistics::sampledTokens);
  }

  private void addSteps() {
    add("steps", EngineStatistics::steps);
    add("stepSequences", now -> now.occupancy().stepSequences());
    add("lastStepSequences", now -> now.occupancy().lastSequences());
    add("scheduleNanoseconds", now -> now.times().schedule());
    add("runnerNanoseconds", now -> now.times().runner());
    add("completionNanoseconds", now -> now.times().completion());
  }

  private void addLosses() {
    add("workerRestarts", now -> now.losses().restarts());
    add("rowsSetAside", now -> now.losses().rowsSetAside());
  }

  private void addCache() {
    add("runningSequences", EngineStatistics::running);
    add("waitingSequences", EngineStatistics::waiting);
    add("preemptions", EngineStatistics::preemptions);
    add("usedKvBlocks", now -> now.occupancy().usedBlocks());
    add("kvBlocks", now -> now.occupancy().blocks());
  }

  private void add(String name, ToLongFunction<EngineStatistics> value) {
    registry.register(name, (Gauge<Long>) () -> value.applyAsLong(statistics.get()));
  }
}
