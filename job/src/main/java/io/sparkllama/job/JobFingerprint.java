package io.sparkllama.job;

import io.sparkllama.job.config.AnswerKeys;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.config.OutputKeys;
import io.sparkllama.job.config.TaskKeys;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.RowTask;
import io.sparkllama.job.plugin.AdapterSpecification;
import io.sparkllama.job.plugin.EngineSpecification;
import io.sparkllama.job.sink.Fingerprint;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.sink.SinkKind;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.apache.spark.sql.types.StructType;

/** Takes a job's fingerprint: all that decides what stands in its output, but the input's rows. */
final class JobFingerprint {
  private JobFingerprint() {}

  /**
   * Takes it.
   *
   * @param engine with the SHA-256 of the model's files, and of the adapters'
   * @param output columns with their types
   * @param read columns that it is made of, with theirs
   */
  static Fingerprint of(
      JobConfig config,
      RowTask task,
      EngineSpecification engine,
      StructType output,
      StructType read) {
    Map<String, Object> settings = AnswerKeys.values(config.values());
    if (new ResultSink(config.sink()).kind() == SinkKind.DELTA_TABLE) {
      settings.remove(OutputKeys.OUTPUT_OPTIONS.path()); // those that are taken change no row
    }
    // A file counts as what it holds, so that it may be moved, and may not be changed.
    settings.computeIfPresent(
        JobKeys.PROMPT_CHAT_TEMPLATE.path(),
        (key, format) ->
            ModelFormat.isFile((String) format) ? contents(key, (String) format) : format);
    settings.computeIfPresent(
        JobKeys.PROMPT_TOOLS.path(),
        (key, tools) -> PromptKeys.isFile((String) tools) ? contents(key, (String) tools) : tools);
    if (task.call() instanceof ClassifyTask classify) {
      settings.put(TaskKeys.CLASSIFY_LABELS.path(), classify.labels());
    }
    for (AdapterSpecification adapter : engine.adapters()) {
      String what = "a file with SHA-256 " + adapter.manifest().sha256();
      settings.put(
          JobKeys.MODEL_ADAPTERS.path() + "." + adapter.name(),
          Map.of("file", what, "scale", adapter.scale()));
    }
    return Fingerprint.of(
        engine.manifest().sha256(),
        config.date(),
        output.catalogString() + " of " + read.catalogString(),
        settings);
  }

  private static String contents(String key, String path) {
    byte[] bytes = PromptKeys.read(key, path).getBytes(StandardCharsets.UTF_8);
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      return "a file with SHA-256 " + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every Java platform has SHA-256.", impossible);
    }
  }
}
