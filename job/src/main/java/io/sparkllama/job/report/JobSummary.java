package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.job.metrics.GenerationCounts;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Says what a job has done, once, at its end.
 *
 * @param seconds from the first row's reading to the output's commit, without Spark's start
 * @param output path, or the format where it has none
 */
public record JobSummary(GenerationCounts counts, double seconds, String output) {

  /** Returns the share of right labels among the rows with a gold label; empty without those. */
  public OptionalDouble accuracy() {
    return counts.goldRows() == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of((double) counts.goldHits() / counts.goldRows());
  }

  /** Returns one line of JSON. */
  public String json() {
    ObjectNode object = new ObjectMapper().createObjectNode();
    object.put("rows", counts.rows());
    object.put("errors", counts.errorRows());
    object.put("repeated_rows", counts.repeatedRows());
    object.put("prompt_tokens", counts.promptTokens());
    object.put("cached_tokens", counts.cachedTokens());
    object.put("completion_tokens", counts.completionTokens());
    object.put("seconds", seconds);
    object.put("output", output);
    accuracy().ifPresent(accuracy -> object.put("accuracy", accuracy));
    return object.toString();
  }

  /** Returns lines for people. */
  public String text() {
    StringBuilder text = new StringBuilder();
    line(text, "rows", "%d (%.1f/s)", counts.rows(), seconds > 0 ? counts.rows() / seconds : 0);
    line(text, "errors", "%d", counts.errorRows());
    for (Map.Entry<String, Long> error : counts.errors().entrySet()) {
      line(text, "", "%d %s", error.getValue(), error.getKey());
    }
    if (counts.repeatedRows() > 0) {
      line(text, "repeated rows", "%d", counts.repeatedRows());
    }
    line(text, "prompt tokens", "%d", counts.promptTokens());
    line(text, "cached tokens", "%d", counts.cachedTokens());
    line(text, "completion tokens", "%d", counts.completionTokens());
    if (accuracy().isPresent()) {
      line(
          text,
          "accuracy",
          "%.4f (%d of %d)",
          accuracy().getAsDouble(),
          counts.goldHits(),
          counts.goldRows());
    }
    line(text, "seconds", "%.1f", seconds);
    line(text, "output", "%s", output);
    return text.toString();
  }

  private static void line(StringBuilder text, String name, String format, Object... values) {
    text.append(String.format(Locale.ROOT, "%-18s", name))
        .append(String.format(Locale.ROOT, format, values))
        .append('\n');
  }
}
