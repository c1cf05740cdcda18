package io.sparkllama.job.plugin;

import io.sparkllama.job.broadcast.ModelOffers;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;

/**
 * Tells Spark's metrics system what an executor's engine does, closes the engine when the executor
 * ends, and carries what tasks tell their driver. It opens no engine: the first task does, which
 * knows the model.
 */
public final class SparkLlamaPlugin implements SparkPlugin {
  @Override
  public DriverPlugin driverPlugin() {
    return new DriverPlugin() {
      private ModelOffers offers; // null before init

      @Override
      public Map<String, String> init(SparkContext context, PluginContext own) {
        offers = new ModelOffers(context);
        DriverLine.open(offers);
        return Map.of();
      }

      @Override
      public void shutdown() {
        if (offers != null) { // Spark also shuts down what has failed to start
          DriverLine.close(offers);
        }
      }

      @Override
      public Object receive(Object message) {
        return DriverLine.answer(message);
      }
    };
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      private PluginContext opened; // null before init

      @Override
      public void init(PluginContext context, Map<String, String> settings) {
        EngineMetrics.register(
            context.metricRegistry(), ExecutorEngine::statistics, ExecutorEngine::gpus);
        opened = context;
        DriverLine.open(context);
      }

      @Override
      public void shutdown() {
        DriverLine.close(opened);
        ExecutorEngine.close();
      }
    };
  }
}
