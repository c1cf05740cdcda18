package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.config.SeedBy;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * Writes a completion after each row's prompt. In conversations with a model that thinks, what it
 * thought stands in a column of its own.
 *
 * @param completions of each row, at least 1
 */
public record CompleteTask(
    RowPrompt prompt,
    SamplingParams sampling,
    OverlongPolicy overlong,
    SeedBy seedBy,
    int completions)
    implements RowTask {
  /** The column with what the model thought. */
  public static final String REASONING = "reasoning";

  @Override
  public List<RowPrompt> prompts() {
    return List.of(prompt);
  }

  @Override
  public RowTask in(ChatFormat format) {
    return new CompleteTask(RowTask.in(prompt, format), sampling, overlong, seedBy, completions);
  }

  @Override
  public boolean answersDependOnKey() {
    return sampling.temperature() > 0 && seedBy == SeedBy.KEY;
  }

  @Override
  public boolean seedsByPrompt() {
    return seedBy == SeedBy.PROMPT;
  }

  @Override
  public List<StructField> typedFields() {
    return marks().isEmpty()
        ? List.of()
        : List.of(DataTypes.createStructField(REASONING, DataTypes.StringType, true));
  }

  private Optional<ReasoningMarks> marks() {
    return prompt instanceof ChatPrompt chat ? chat.reasoningMarks() : Optional.empty();
  }

  @Override
  public PendingAnswer<?> submit(EngineCalls engine, RowKey key, Map<String, Object> values) {
    return new PendingAnswer<>(
        engine.generate(
            new GenerationRequest(key, prompt.render(values), sampling, overlong, marks()),
            completions),
        results -> results.stream().map(this::answer).toList());
  }

  private Answer answer(GenerationResult result) {
    if (result.error().isPresent()) {
      return Answer.failed(result.promptTokens(), result.error().get(), typedFields().size());
    }
    return new Answer(
        result.text(),
        result.finishReason(),
        result.promptTokens(),
        result.tokens().length,
        result.logProbability(),
        Optional.empty(),
        marks().isEmpty() ? List.of() : Collections.singletonList(result.reasoning().orElse(null)));
  }
}
