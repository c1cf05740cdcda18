package io.sparkllama.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.durable.DeadLetter;
import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.sink.ResultSink;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Lists the dead letters of a job's output that nobody has tried again since, of all its
 * configurations. Neither model nor input is looked at.
 */
record DeadLetterList(Map<String, List<DeadLetter>> letters) {
  /**
   * Reads them.
   *
   * @throws InvalidConfigurationException where the output is of a kind that has none
   */
  static DeadLetterList of(JobConfig config) throws IOException {
    return JobSession.with(
        config.spark(),
        spark -> {
          ResultSink sink = new ResultSink(config.sink());
          if (!sink.isDurable()) {
            throw new InvalidConfigurationException(
                "Only an output of files has dead letters; elsewhere a row that the engine cannot"
                    + " run has its error in the column completion: "
                    + sink.name());
          }
          return new DeadLetterList(
              OutputFolder.of(sink.name(), spark.sparkContext().hadoopConfiguration())
                  .openLetters());
        });
  }

  /** Returns a line for each. */
  String text() {
    StringBuilder lines = new StringBuilder();
    letters.forEach(
        (configuration, open) ->
            open.forEach(
                letter ->
                    lines.append(
                        String.format(
                            Locale.ROOT,
                            "%s  %s  attempt %d  batch %d  %s  %s%n",
                            letter.time(),
                            letter.errorClass(),
                            letter.attempt(),
                            letter.batch(),
                            configuration,
                            String.join(", ", letter.key())))));
    return lines.toString();
  }

  /** Returns a line of JSON for each. */
  String json() {
    StringBuilder lines = new StringBuilder();
    letters.forEach(
        (configuration, open) ->
            open.forEach(
                letter -> {
                  ObjectNode object = letter.json();
                  object.put("configuration", configuration);
                  lines.append(object).append('\n');
                }));
    return lines.toString();
  }
}
