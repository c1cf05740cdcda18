package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;

/** Runs a standalone master and two workers of one core each, from Spark's own classes. */
final class StandaloneCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  private final List<JavaProcess> processes = new ArrayList<>();
  private final Path directory;
  private String master;

  private StandaloneCluster(Path directory) {
    this.directory = directory;
  }

  /** Starts all three, and returns when the workers are known to the master. */
  static StandaloneCluster start(Path directory) throws IOException, InterruptedException {
    StandaloneCluster cluster = new StandaloneCluster(directory);
    try {
      cluster.startAll();
      return cluster;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      cluster.close();
      throw e;
    }
  }

  private void startAll() throws IOException, InterruptedException {
    JavaProcess process =
        start(
            "master",
            List.of(
                "org.apache.spark.deploy.master.Master",
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--webui-port",
                "0"));
    master =
        process.awaitText(Pattern.compile("Starting Spark master at (spark://\\S+)"), 1, PATIENCE);
    for (int i = 0; i < 2; i++) {
      start(
          "worker" + i,
          List.of(
              "org.apache.spark.deploy.worker.Worker",
              "--host",
              "127.0.0.1",
              "--webui-port",
              "0",
              "--cores",
              "1",
              "--memory",
              "1g",
              "--work-dir",
              directory.resolve("work" + i).toString(),
              master));
    }
    process.awaitText(Pattern.compile("Registering worker"), 2, PATIENCE);
  }

  private JavaProcess start(String name, List<String> arguments) throws IOException {
    JavaProcess process = JavaProcess.start(directory, name, SparkClassPath.ofCluster(), arguments);
    processes.add(process);
    return process;
  }

  /** Returns {@code spark://127.0.0.1:PORT}. */
  String master() {
    return master;
  }

  @Override
  public void close() {
    Collections.reverse(processes);
    processes.forEach(JavaProcess::close);
  }
}
