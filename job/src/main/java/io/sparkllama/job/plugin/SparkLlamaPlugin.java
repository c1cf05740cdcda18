package io.sparkllama.job.plugin;

import java.util.Map;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.api.plugin.SparkPlugin;

/**
 * Tells Spark's metrics system what an executor's engine does, and closes the engine when the
 * executor ends. It opens none: the first task does, which knows the model.
 */
public final class SparkLlamaPlugin implements SparkPlugin {
  @Override
  public DriverPlugin driverPlugin() {
    return null;
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new ExecutorPlugin() {
      @Override
      public void init(PluginContext context, Map<String, String> settings) {
        EngineMetrics.register(context.metricRegistry(), ExecutorEngine::statistics);
      }

      @Override
      public void shutdown() {
        ExecutorEngine.close();
      }
    };
  }
}
