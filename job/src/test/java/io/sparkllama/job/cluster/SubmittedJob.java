package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs a job file by spark-submit with the job's jar, as a cluster's user would. */
final class SubmittedJob {
  private static final Duration PATIENCE = Duration.ofMinutes(15);

  private SubmittedJob() {}

  /** Holds what a run has printed, and how it ended. */
  record Run(int exitCode, String output, String errors) {}

  /** Submits a job file and waits for its end. */
  static Run submit(Path directory, String name, String master, Path jobFile, String... overrides)
      throws IOException, InterruptedException {
    Path events = Files.createDirectories(directory.resolve("events"));
    List<String> arguments = new ArrayList<>();
    arguments.add("org.apache.spark.deploy.SparkSubmit");
    arguments.addAll(List.of("--master", master));
    arguments.addAll(List.of("--class", "io.sparkllama.job.GenerateJob"));
    arguments.addAll(List.of("--name", name));
    for (String setting :
        List.of(
            "spark.driver.host=127.0.0.1",
            "spark.driver.bindAddress=127.0.0.1",
            "spark.ui.enabled=false",
            "spark.executor.memory=1g",
            "spark.eventLog.enabled=true",
            "spark.eventLog.compress=false", // tests look for texts in it
            "spark.eventLog.dir=" + events.toUri(),
            "spark.executor.extraClassPath=" + SparkClassPath.join(SparkClassPath.ofCluster()))) {
      arguments.addAll(List.of("--conf", setting));
    }
    arguments.add(System.getProperty("sparkllama.job-jar"));
    arguments.addAll(List.of("--conf-file", jobFile.toString(), "--json"));
    arguments.addAll(List.of(overrides));
    try (JavaProcess process =
        JavaProcess.start(directory, name, SparkClassPath.ofCluster(), arguments)) {
      int exitCode = process.awaitEnd(PATIENCE);
      return new Run(exitCode, process.output(), process.errors());
    }
  }
}
