package io.sparkllama.job.source;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.List;
import java.util.Map;

/**
 * Says where a job's rows come from.
 *
 * @param paths none for a format that needs none
 * @param keyColumns that identify a row; none derives the key from the prompt's columns
 */
public record SourceSpecification(
    String format, List<String> paths, Map<String, String> options, List<String> keyColumns) {
  public SourceSpecification {
    if (options.keySet().stream().anyMatch(name -> name.equalsIgnoreCase("path"))) {
      throw new InvalidConfigurationException(
          "input.options must not hold a path; name it with input.path");
    }
  }
}
