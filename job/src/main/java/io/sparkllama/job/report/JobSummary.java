package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.Device;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.prediction.Estimate;
import io.sparkllama.job.prediction.JobPrediction;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Says what a job has done, once, at its end.
 *
 * @param seconds from the first row's reading to the output's commit, without Spark's start
 * @param output path, or the format where it has none
 * @param predicted before the first row, where the job was long enough for that
 * @param stop where a limit left rows for another run
 * @param batches that the output got; empty where it is not written in batches
 * @param input what became of it; empty where its rows are not screened
 * @param device that engines computed on
 */
public record JobSummary(
    GenerationCounts counts,
    double seconds,
    String output,
    Optional<JobPrediction> predicted,
    Optional<EarlyStop> stop,
    Optional<BatchReport> batches,
    Optional<InputReport> input,
    Device device) {
  /** Which one, the log of each executor says. */
  private static final String GPU = "cuda";

  /** Makes the summary of a job on processors that left no row. */
  public JobSummary(
      GenerationCounts counts, double seconds, String output, Optional<JobPrediction> predicted) {
    this(
        counts,
        seconds,
        output,
        predicted,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Device.PROCESSOR);
  }

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
    if (device.isGpu()) {
      object.put("device", GPU);
    }
    accuracy().ifPresent(accuracy -> object.put("accuracy", accuracy));
    batches.ifPresent(report -> report.put(object));
    input.ifPresent(report -> report.put(object.putObject("input")));
    stop.ifPresent(early -> early.put(object));
    predicted.ifPresent(
        prediction -> new PlanReport(prediction).put(object.putObject("predicted")));
    return object.toString();
  }

  /** Returns lines for people. */
  public String text() {
    LabeledLines lines = new LabeledLines();
    lines.add("rows", "%d (%.1f/s)", counts.rows(), seconds > 0 ? counts.rows() / seconds : 0);
    lines.add("errors", "%d", counts.errorRows());
    for (Map.Entry<String, Long> error : counts.errors().entrySet()) {
      lines.add("", "%d %s", error.getValue(), error.getKey());
    }
    if (counts.repeatedRows() > 0) {
      lines.add("repeated rows", "%d", counts.repeatedRows());
    }
    add(lines, "prompt tokens", counts.promptTokens(), JobPrediction::promptTokens);
    add(lines, "cached tokens", counts.cachedTokens(), JobPrediction::cachedTokens);
    add(lines, "completion tokens", counts.completionTokens(), JobPrediction::completionTokens);
    if (accuracy().isPresent()) {
      lines.add(
          "accuracy",
          "%.4f (%d of %d)",
          accuracy().getAsDouble(),
          counts.goldHits(),
          counts.goldRows());
    }
    lines.add("seconds", "%.1f%s", seconds, beside("%.1f", JobPrediction::seconds));
    lines.add("output", "%s", output);
    if (device.isGpu()) {
      lines.add("device", "%s", GPU);
    }
    batches.ifPresent(report -> report.add(lines));
    input.ifPresent(report -> report.add(lines));
    stop.ifPresent(early -> early.add(lines));
    return lines.toString();
  }

  private void add(
      LabeledLines lines, String name, long count, Function<JobPrediction, Estimate> estimate) {
    lines.add(name, "%d%s", count, beside("%.0f", estimate));
  }

  private String beside(String format, Function<JobPrediction, Estimate> estimate) {
    return predicted
        .map(estimate)
        .map(number -> String.format(Locale.ROOT, " (predicted " + format + ")", number.value()))
        .orElse("");
  }
}
