package io.sparkllama.job.cluster;

import java.nio.file.Path;
import java.util.List;

/**
 * Is what someone gives to spark-submit.
 *
 * @param directory of the process, with what it prints
 * @param overrides of the job file's keys
 * @param executorClasses beside those that a cluster has
 */
record Submission(
    Path directory,
    String name,
    String master,
    Path jobFile,
    List<String> overrides,
    List<Path> executorClasses) {

  Submission(Path directory, String name, String master, Path jobFile) {
    this(directory, name, master, jobFile, List.of(), List.of());
  }

  Submission with(List<String> others) {
    return new Submission(directory, name, master, jobFile, others, executorClasses);
  }

  Submission withExecutorClasses(List<Path> others) {
    return new Submission(directory, name, master, jobFile, overrides, others);
  }
}
