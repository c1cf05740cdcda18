package io.sparkllama.job.sink;

import io.sparkllama.job.config.OutputMode;
import java.util.Map;
import java.util.Optional;

/**
 * Says where a job's rows go.
 *
 * @param path empty for a format that needs none
 */
public record SinkSpecification(
    String format, Optional<String> path, OutputMode mode, Map<String, String> options) {}
