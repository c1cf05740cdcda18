package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs a job file by spark-submit with the job's jar, as a cluster's user would. */
final class SubmittedJob implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(15);

  private final JavaProcess process;

  private SubmittedJob(JavaProcess process) {
    this.process = process;
  }

  /** Holds what a run has printed, and how it ended. */
  record Run(int exitCode, String output, String errors) {}

  /** Submits a job file and waits for its end. */
  static Run submit(Path directory, String name, String master, Path jobFile, String... overrides)
      throws IOException, InterruptedException {
    Submission submission = new Submission(directory, name, master, jobFile);
    try (SubmittedJob job = start(submission.with(List.of(overrides)))) {
      return job.await();
    }
  }

  /** Submits a job file. */
  static SubmittedJob start(Submission submission) throws IOException {
    Path directory = submission.directory();
    Path events = Files.createDirectories(directory.resolve("events"));
    List<Path> executorClasses = new ArrayList<>(SparkClassPath.ofCluster());
    executorClasses.addAll(submission.executorClasses());
    List<String> arguments = new ArrayList<>();
    arguments.add("org.apache.spark.deploy.SparkSubmit");
    arguments.addAll(List.of("--master", submission.master()));
    arguments.addAll(List.of("--class", "io.sparkllama.job.GenerateJob"));
    arguments.addAll(List.of("--name", submission.name()));
    for (String setting :
        List.of(
            "spark.driver.host=127.0.0.1",
            "spark.driver.bindAddress=127.0.0.1",
            "spark.ui.enabled=false",
            "spark.executor.memory=1g",
            "spark.executor.extraJavaOptions=" + String.join(" ", JavaProcess.SHORT_LIFE),
            "spark.eventLog.enabled=true",
            "spark.eventLog.compress=false", // tests look for texts in it
            "spark.eventLog.dir=" + events.toUri(),
            "spark.executor.extraClassPath=" + SparkClassPath.join(executorClasses))) {
      arguments.addAll(List.of("--conf", setting));
    }
    arguments.add(System.getProperty("sparkllama.job-jar"));
    arguments.addAll(List.of("--conf-file", submission.jobFile().toString(), "--json"));
    arguments.addAll(submission.overrides());
    return new SubmittedJob(
        JavaProcess.start(directory, submission.name(), SparkClassPath.ofCluster(), arguments));
  }

  /** Returns the driver: it runs in the process that submits. */
  JavaProcess driver() {
    return process;
  }

  /**
   * Checks that the job has not ended.
   *
   * @param purpose of which there is then nothing more to see
   */
  void requireRunning(String purpose) throws IOException, InterruptedException {
    if (!process.isAlive()) {
      int code = process.awaitEnd(Duration.ofSeconds(1));
      throw new AssertionError(
          "The job ended with code " + code + " before " + purpose + ":\n" + process.errors());
    }
  }

  /** Waits for the job's end. */
  Run await() throws IOException, InterruptedException {
    int exitCode = process.awaitEnd(PATIENCE);
    return new Run(exitCode, process.output(), process.errors());
  }

  @Override
  public void close() {
    process.close();
  }
}
