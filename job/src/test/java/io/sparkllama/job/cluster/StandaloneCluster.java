package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;

/** Runs a standalone master and workers of one core each, from Spark's own classes. */
final class StandaloneCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  private final List<JavaProcess> processes = new ArrayList<>();
  private final List<JavaProcess> workers = new ArrayList<>();
  private final Path directory;
  private String master;

  private StandaloneCluster(Path directory) {
    this.directory = directory;
  }

  /** Starts a master and two workers, and returns when the workers are known to the master. */
  static StandaloneCluster start(Path directory) throws IOException, InterruptedException {
    return start(directory, List.of("127.0.0.1", "127.0.0.1"));
  }

  /**
   * Starts a master and workers, and returns when the workers are known to the master.
   *
   * @param hosts of the workers: addresses of this machine, 127.0.0.2 for another host than its own
   */
  static StandaloneCluster start(Path directory, List<String> hosts)
      throws IOException, InterruptedException {
    StandaloneCluster cluster = new StandaloneCluster(directory);
    try {
      cluster.startAll(hosts);
      return cluster;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      cluster.close();
      throw e;
    }
  }

  private void startAll(List<String> hosts) throws IOException, InterruptedException {
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
    for (int i = 0; i < hosts.size(); i++) {
      workers.add(
          start(
              "worker" + i,
              List.of(
                  "org.apache.spark.deploy.worker.Worker",
                  "--host",
                  hosts.get(i),
                  "--webui-port",
                  "0",
                  "--cores",
                  "1",
                  "--memory",
                  "1g",
                  "--work-dir",
                  directory.resolve("work" + i).toString(),
                  master)));
    }
    process.awaitText(Pattern.compile("Registering worker"), hosts.size(), PATIENCE);
  }

  private JavaProcess start(String name, List<String> arguments) throws IOException {
    JavaProcess process = JavaProcess.start(directory, name, SparkClassPath.ofCluster(), arguments);
    processes.add(process);
    return process;
  }

  /** Returns the executors that run at this moment: of any job, started or just starting. */
  List<ProcessHandle> executors() {
    return workers.stream()
        .flatMap(worker -> worker.children().stream())
        .filter(StandaloneCluster::isExecutor)
        .toList();
  }

  /** Returns the executors as soon as there is one, while a job runs. */
  List<ProcessHandle> awaitExecutors(SubmittedJob job) throws IOException, InterruptedException {
    while (true) {
      List<ProcessHandle> executors = executors();
      if (!executors.isEmpty()) {
        return executors;
      }
      job.requireRunning("it had an executor again");
      Thread.sleep(20);
    }
  }

  private static boolean isExecutor(ProcessHandle process) {
    try {
      // ProcessHandle cuts off what stands behind a long class path.
      return Files.readString(
              Path.of("/proc", String.valueOf(process.pid()), "cmdline"),
              StandardCharsets.ISO_8859_1)
          .contains("org.apache.spark.executor.CoarseGrainedExecutorBackend");
    } catch (IOException ended) {
      return false; // it has no command line any more
    }
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
