package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.prompt.PromptTemplate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.types.StructField;

/** Writes a completion after each row's prompt. */
public record CompleteTask(
    PromptTemplate template, SamplingParams sampling, OverlongPolicy overlong) implements RowTask {

  @Override
  public List<PromptTemplate> templates() {
    return List.of(template);
  }

  @Override
  public List<StructField> typedFields() {
    return List.of();
  }

  @Override
  public PendingAnswer<?> submit(EngineCalls engine, RowKey key, Map<String, String> values) {
    return new PendingAnswer<>(
        engine.generate(new GenerationRequest(key, template.render(values), sampling, overlong)),
        CompleteTask::answer);
  }

  private static Answer answer(GenerationResult result) {
    if (result.error().isPresent()) {
      return Answer.failed(result.promptTokens(), result.error().get(), 0);
    }
    return new Answer(
        result.text(),
        result.finishReason(),
        result.promptTokens(),
        result.tokens().length,
        result.logProbability(),
        Optional.empty(),
        List.of());
  }
}
