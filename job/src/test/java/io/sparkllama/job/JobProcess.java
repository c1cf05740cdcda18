package io.sparkllama.job;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a job as its users do, in this JVM, and keeps what it prints.
 *
 * @param code of the process's end
 */
record JobProcess(int code, String out, String err) {

  /** Runs a job file's text with further arguments. */
  static JobProcess run(Path folder, String job, String... arguments) throws Exception {
    Path file = Files.writeString(Files.createTempFile(folder, "job", ".conf"), job);
    List<String> all = new ArrayList<>(List.of("--conf-file", file.toString()));
    all.addAll(List.of(arguments));
    return run(all.toArray(String[]::new));
  }

  /** Runs with these arguments alone. */
  static JobProcess run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        GenerateJob.run(
            arguments,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new JobProcess(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
