package io.sparkllama.job.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.job.admission.ExecutorMemory;
import io.sparkllama.job.prediction.Estimate;
import io.sparkllama.job.prediction.JobPrediction;
import java.util.Locale;
import java.util.Optional;

/**
 * Says what a job is predicted to take.
 *
 * @param memory of an executor; empty where only the prediction is asked for
 */
public record PlanReport(JobPrediction prediction, Optional<ExecutorMemory> memory) {
  /** Says it without memory. */
  public PlanReport(JobPrediction prediction) {
    this(prediction, Optional.empty());
  }

  /** Returns one line of JSON. */
  public String json() {
    ObjectNode object = new ObjectMapper().createObjectNode();
    object.put("rows", prediction.rows());
    object.put("distinct_prompts", prediction.distinctPrompts());
    object.put("asked_prompts", prediction.asked());
    put(object);
    object.put("executors", prediction.executors());
    object.put("sample_rows", prediction.sampleRows());
    object.put("trial_rows", prediction.trialRows());
    object.put("trial_seconds", prediction.trialSeconds());
    memory.ifPresent(found -> new MemoryReport(found).put(object.putObject("executor_memory")));
    return object.toString();
  }

  /** Adds what is predicted, under the names that a job's summary has for what came of it. */
  void put(ObjectNode object) {
    put(object, "errors", prediction.errors());
    put(object, "prompt_tokens", prediction.promptTokens());
    put(object, "cached_tokens", prediction.cachedTokens());
    put(object, "completion_tokens", prediction.completionTokens());
    ObjectNode seconds = object.putObject("seconds");
    seconds.put("predicted", prediction.seconds().value());
    seconds.put("low", prediction.seconds().low());
    seconds.put("high", prediction.seconds().high());
  }

  private static void put(ObjectNode object, String name, Estimate estimate) {
    ObjectNode node = object.putObject(name);
    node.put("predicted", Math.round(estimate.value()));
    node.put("low", Math.round(estimate.low()));
    node.put("high", Math.round(estimate.high()));
  }

  /** Returns lines for people. */
  public String text() {
    LabeledLines lines = new LabeledLines();
    lines.add("rows", "%d", prediction.rows());
    lines.add(
        "distinct prompts",
        "%d, and the model is asked for %s",
        prediction.distinctPrompts(),
        prediction.asked() == prediction.distinctPrompts() ? "each once" : "every row");
    lines.add("errors", "%s", number(prediction.errors()));
    lines.add("prompt tokens", "%s", number(prediction.promptTokens()));
    lines.add("cached tokens", "%s", number(prediction.cachedTokens()));
    lines.add("completion tokens", "%s", number(prediction.completionTokens()));
    lines.add("time", "%s", time());
    lines.add("trial", "%s", trial());
    memory.ifPresent(found -> new MemoryReport(found).add(lines));
    return lines.toString();
  }

  /** Returns one line for the log. */
  public String line() {
    return String.format(
        Locale.ROOT,
        "Predicted from a trial: %s, %s prompt tokens, %s completion tokens; %s",
        time(),
        number(prediction.promptTokens()),
        number(prediction.completionTokens()),
        trial());
  }

  private String time() {
    Estimate seconds = prediction.seconds();
    return String.format(
        Locale.ROOT,
        "%s (%s to %s) on %d executor%s",
        time(seconds.value()),
        time(seconds.low()),
        time(seconds.high()),
        prediction.executors(),
        prediction.executors() == 1 ? "" : "s");
  }

  private String trial() {
    return String.format(
        Locale.ROOT,
        "%d prompts counted, %d of them answered in %.1f s",
        prediction.sampleRows(),
        prediction.trialRows(),
        prediction.trialSeconds());
  }

  private static String number(Estimate estimate) {
    return String.format(
        Locale.ROOT, "%.0f (%.0f to %.0f)", estimate.value(), estimate.low(), estimate.high());
  }

  private static String time(double seconds) {
    long whole = Math.round(seconds);
    return seconds < 60
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
