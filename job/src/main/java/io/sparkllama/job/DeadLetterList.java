package io.sparkllama.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.durable.DeadLetter;
import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.sink.ResultSink;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Lists the dead letters of a job's output that nobody has tried again since, of all its
 * configurations, and those of which a replay has made work that is not answered yet. Neither model
 * nor input is looked at.
 *
 * @param open letters by configuration
 * @param retried letters that are work
 */
record DeadLetterList(Map<String, List<DeadLetter>> open, Map<String, List<DeadLetter>> retried) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Would act on a terminal, or change what is seen around them. */
  private static final Pattern CONTROL =
      Pattern.compile("[\\p{Cc}\\p{Cf}\\u2028\\u2029&&[\\x{0}-\\x{FFFF}]]");

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
          if (!sink.kind().hasBatches()) {
            throw new InvalidConfigurationException(
                "Only an output of files or a Delta table has dead letters; elsewhere a row that the"
                    + " engine cannot run has its error in the column completion: "
                    + sink.name());
          }
          OutputFolder output = OutputFolder.of(sink, spark);
          return new DeadLetterList(output.openLetters(), output.retriedLetters());
        });
  }

  /** Returns a line for each. */
  String text() {
    return lines(
        (configuration, state, letter) ->
            String.format(
                Locale.ROOT,
                "%s  %s  attempt %d  batch %d  %s  %s  %s",
                letter.time(),
                letter.errorClass(),
                letter.attempt(),
                letter.batch(),
                configuration,
                state,
                shown(letter.key())));
  }

  /** Returns a line of JSON for each. */
  String json() {
    return lines(
        (configuration, state, letter) -> {
          ObjectNode object = letter.json();
          object.put("configuration", configuration);
          object.put("state", state);
          return object.toString();
        });
  }

  @FunctionalInterface
  private interface Line {
    String of(String configuration, String state, DeadLetter letter);
  }

  private String lines(Line line) {
    StringBuilder lines = new StringBuilder();
    append(lines, open, "open", line);
    append(lines, retried, "work", line);
    return lines.toString();
  }

  private static void append(
      StringBuilder lines, Map<String, List<DeadLetter>> letters, String state, Line line) {
    letters.forEach(
        (configuration, some) ->
            some.forEach(
                letter -> lines.append(line.of(configuration, state, letter)).append('\n')));
  }

  /** Keys are the input's, and may hold anything: they are shown as strings of JSON. */
  static String shown(List<String> key) {
    ArrayNode texts = JSON.createArrayNode();
    key.forEach(texts::add);
    return CONTROL
        .matcher(texts.toString())
        .replaceAll(
            found -> String.format(Locale.ROOT, "\\\\u%04x", (int) found.group().charAt(0)));
  }
}
