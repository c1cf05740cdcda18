package io.sparkllama.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.job.GenerateJob;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Runs a job file in this process and reads its summary; a job that leaves a row out ends it. */
final class JobCall {
  private JobCall() {}

  /**
   * Returns the summary of a job on the session that is up.
   *
   * @param rows that it must answer without an error
   */
  static JsonNode run(Path job, int rows) throws IOException {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
      String[] arguments = {"--conf-file", job.toString(), "--json"};
      int code = GenerateJob.run(arguments, out, System.err);
      if (code != 0) {
        throw new IllegalStateException("The job failed with exit code " + code);
      }
    }
    JsonNode summary = new ObjectMapper().readTree(printed.toString(StandardCharsets.UTF_8));
    if (summary.get("rows").asInt() != rows || summary.get("errors").asInt() != 0) {
      throw new IllegalStateException("The job did not answer every row: " + summary);
    }
    return summary;
  }
}
