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

/** Runs a standalone master and workers, from Spark's own classes. */
final class StandaloneCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final String HERE = "127.0.0.1";

  private final List<JavaProcess> processes = new ArrayList<>();
  private final List<JavaProcess> workers = new ArrayList<>();
  private final Path directory;
  private final int cores; // of each worker
  private String master;

  private StandaloneCluster(Path directory, int cores) {
    this.directory = directory;
    this.cores = cores;
  }

  /** Starts two workers of one core each, and returns when the master knows them. */
  static StandaloneCluster start(Path directory) throws IOException, InterruptedException {
    return start(directory, List.of(HERE, HERE));
  }

  /**
   * Starts workers of one core each, and returns when the master knows them.
   *
   * @param hosts of the workers: addresses of this machine, 127.0.0.2 for another host than its own
   */
  static StandaloneCluster start(Path directory, List<String> hosts)
      throws IOException, InterruptedException {
    return start(directory, hosts, 1);
  }

  /** Starts one worker of two cores, for many jobs in turn: each has one executor to start. */
  static StandaloneCluster ofOneWorker(Path directory) throws IOException, InterruptedException {
    return start(directory, List.of(HERE), 2);
  }

  private static StandaloneCluster start(Path directory, List<String> hosts, int cores)
      throws IOException, InterruptedException {
    StandaloneCluster cluster = new StandaloneCluster(directory, cores);
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
                HERE,
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
                  String.valueOf(cores),
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
