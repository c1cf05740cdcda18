package io.sparkllama.job.plugin;

import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.LocalModelSource;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.job.broadcast.BroadcastSettings;
import io.sparkllama.job.config.ModelDistribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Sends a file from a driver to executors, whose caches of their own stand for hosts, and prints
 * what each has got: as a process of its own.
 *
 * <p>Arguments: the model, the directory of the caches, hosts, executors, bytes of a chunk, and
 * whether the first task's executor dies on the way.
 */
public final class BroadcastOnCluster {
  private BroadcastOnCluster() {}

  public static void main(String[] arguments) throws Exception {
    Path model = Path.of(arguments[0]);
    String caches = arguments[1];
    int hosts = Integer.parseInt(arguments[2]);
    int executors = Integer.parseInt(arguments[3]);
    int chunk = Integer.parseInt(arguments[4]);
    boolean dying = Boolean.parseBoolean(arguments[5]);
    try (JavaSparkContext spark = new JavaSparkContext(conf(executors))) {
      LocalModel local =
          new ModelStore(Path.of(caches, "driver")).localize(new LocalModelSource(model));
      DriverLine.offers().orElseThrow().offer(local, chunk);
      ModelManifest manifest = local.manifest();
      ModelTransport transport = new ModelTransport(ModelDistribution.BROADCAST, chunk);
      List<Integer> tasks = Stream.iterate(0, i -> i + 1).limit(executors).toList();
      spark
          .parallelize(tasks, executors)
          .map(
              task -> {
                Path cache = Path.of(caches, "host" + task % hosts);
                if (dying && task == 0 && TaskContext.get().attemptNumber() == 0) {
                  dieWhen(cache.resolve(manifest.key() + ".incoming/copy.journal"), 3);
                }
                awaitAll(Path.of(caches, "ready"), task, executors);
                long start = System.nanoTime();
                LocalModel got =
                    transport.bring(
                        new ModelStore(cache), "file:/nowhere", manifest, new Configuration());
                return "%s %s %.1f"
                    .formatted(
                        DriverLine.executorId(), got.path(), (System.nanoTime() - start) / 1e9);
              })
          .collect()
          .forEach(System.out::println);
    }
  }

  /** Lets all tasks begin together, however long their processes take to start. */
  private static void awaitAll(Path folder, int task, int tasks)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Files.write(folder.resolve("" + task), new byte[0]);
    while (true) {
      try (Stream<Path> ready = Files.list(folder)) {
        if (ready.count() >= tasks) {
          return;
        }
      }
      Thread.sleep(5);
    }
  }

  /** A cluster of this host's own, unless the settings of this process name another. */
  private static SparkConf conf(int executors) {
    SparkConf conf = BroadcastSettings.apply(ExecutorSettings.apply(new SparkConf()));
    return conf.setIfMissing("spark.master", "local-cluster[" + executors + ",1,512]")
        .setAppName("broadcast")
        .setIfMissing("spark.driver.host", "127.0.0.1")
        .setIfMissing("spark.driver.bindAddress", "127.0.0.1")
        .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
        .set("spark.executor.memory", "512m")
        .set("spark.ui.enabled", "false")
        .set("spark.scheduler.minRegisteredResourcesRatio", "1.0")
        .set("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
        .set("spark.executor.extraClassPath", System.getProperty("java.class.path"))
        .set(
            "spark.executor.extraJavaOptions",
            "-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"));
  }

  /** Ends this process, as a power cut would, once a journal has so many notes. */
  private static void dieWhen(Path journal, int notes) {
    Thread thread =
        new Thread(
            () -> {
              while (true) {
                try {
                  if (Files.exists(journal) && Files.readAllLines(journal).size() > notes + 1) {
                    Runtime.getRuntime().halt(1);
                  }
                  Thread.sleep(5);
                } catch (IOException | InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }
}
