package io.sparkllama.job.broadcast;

import io.sparkllama.engine.store.LocalModel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;

/** Holds what models an application's driver sends to executors that ask for them. */
public final class ModelOffers implements AutoCloseable {
  private final JavaSparkContext spark;
  private final Map<String, ChunkServer> servers = new ConcurrentHashMap<>();

  public ModelOffers(SparkContext context) {
    spark = JavaSparkContext.fromSparkContext(context);
    context.addSparkListener(
        new SparkListener() {
          @Override
          public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
            servers.values().forEach(server -> server.lose(removed.executorId()));
          }
        });
  }

  /**
   * Offers a model from now on until the application ends; nothing is read before someone asks.
   *
   * @param model the driver's verified copy
   */
  public void offer(LocalModel model, int chunkBytes) {
    servers.compute(
        model.manifest().key(),
        (key, before) -> {
          if (before != null && !before.hasFailed()) {
            return before;
          }
          if (before != null) {
            before.close(); // its copy was gone, and is there again
          }
          return new ChunkServer(model, chunkBytes, spark);
        });
  }

  /** Answers an executor, at once: the thread is the one of all messages of this kind. */
  public Object answer(ChunkRequest request) {
    ChunkServer server = servers.get(request.model());
    if (server == null) {
      return "the driver does not send this model; start the job again";
    }
    if (request.purpose() == ChunkRequest.Purpose.LEAVE) {
      server.leave(request.executor(), request.held());
      return new Object[0];
    }
    return server.answer(request.executor(), request.held());
  }

  @Override
  public void close() {
    servers.values().forEach(ChunkServer::close);
    servers.clear();
  }
}
