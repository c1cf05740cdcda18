package io.sparkllama.job.sink;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.OutputMode;
import java.util.Map;
import java.util.Optional;

/**
 * Says where a job's rows go.
 *
 * @param path empty for a format that needs none
 * @param mode empty where the job file names none
 * @param show rows of the written output to print, 0 for none; only with a path
 */
public record SinkSpecification(
    String format,
    Optional<String> path,
    Optional<OutputMode> mode,
    Map<String, String> options,
    int show) {
  public SinkSpecification {
    if (options.keySet().stream().anyMatch(name -> name.equalsIgnoreCase("path"))) {
      throw new InvalidConfigurationException(
          "output.options must not hold a path; name it with output.path");
    }
    if (show > 0 && path.isEmpty()) {
      throw new InvalidConfigurationException(
          "output.show prints what was written to output.path; name one, or leave output.show out");
    }
  }
}
