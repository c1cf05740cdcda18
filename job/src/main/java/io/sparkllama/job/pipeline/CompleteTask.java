package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.RowError;
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
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * Writes a completion after each row's prompt. In conversations with a model that thinks, what it
 * thought stands in a column of its own.
 *
 * @param completions of each row, at least 1
 * @param constraint what a completion may be; null for anything
 */
public record CompleteTask(
    RowPrompt prompt,
    SamplingParams sampling,
    OverlongPolicy overlong,
    SeedBy seedBy,
    int completions,
    AnswerConstraint constraint)
    implements PartTask<List<GenerationResult>> {
  /** The column with what the model thought. */
  public static final String REASONING = "reasoning";

  /** Makes a task whose completions may be anything. */
  public CompleteTask(
      RowPrompt prompt,
      SamplingParams sampling,
      OverlongPolicy overlong,
      SeedBy seedBy,
      int completions) {
    this(prompt, sampling, overlong, seedBy, completions, null);
  }

  /** Returns the same task with completions within a constraint. */
  public CompleteTask within(AnswerConstraint allowed) {
    return new CompleteTask(prompt, sampling, overlong, seedBy, completions, allowed);
  }

  @Override
  public CompleteTask in(ChatFormat format) {
    return with(RowTask.in(prompt, format));
  }

  /** Returns the same task with another prompt. */
  CompleteTask with(RowPrompt other) {
    return new CompleteTask(other, sampling, overlong, seedBy, completions, constraint);
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

  /** A constraint is on all that the model writes: it has no thoughts beside it. */
  private Optional<ReasoningMarks> marks() {
    if (constraint != null) {
      return Optional.empty();
    }
    return prompt instanceof ChatPrompt chat ? chat.reasoningMarks() : Optional.empty();
  }

  @Override
  public CompletableFuture<List<GenerationResult>> ask(
      EngineCalls engine, RowKey key, Map<String, Object> values) {
    return ask(engine, key, prompt.render(values));
  }

  /** Asks the engine once, with a prompt that is rendered already. */
  CompletableFuture<List<GenerationResult>> ask(EngineCalls engine, RowKey key, Prompt rendered) {
    return engine.generate(
        new GenerationRequest(
            key,
            rendered,
            sampling,
            overlong,
            marks(),
            Optional.ofNullable(constraint),
            Optional.empty()),
        completions);
  }

  @Override
  public PromptRoom room(EngineCalls engine) {
    return new AnswerRoom(engine, sampling.maxTokens());
  }

  @Override
  public List<Answer> answers(List<List<GenerationResult>> parts) {
    return IntStream.range(0, completions)
        .mapToObj(sample -> answer(parts.stream().map(results -> results.get(sample)).toList()))
        .toList();
  }

  /** Joins what was written of each part, line after line. */
  private Answer answer(List<GenerationResult> parts) {
    int promptTokens = parts.stream().mapToInt(GenerationResult::promptTokens).sum();
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i).error().isPresent()) {
        RowError error = PartTask.errorOf(parts.get(i).error().get(), i, parts.size());
        return Answer.failed(promptTokens, error, typedFields().size());
      }
    }
    boolean cut = parts.stream().anyMatch(part -> part.finishReason() == FinishReason.LENGTH);
    return new Answer(
        parts.stream().map(GenerationResult::text).collect(Collectors.joining("\n")),
        cut ? FinishReason.LENGTH : FinishReason.STOP,
        promptTokens,
        parts.stream().mapToInt(part -> part.tokens().length).sum(),
        parts.stream()
            .mapToDouble(GenerationResult::logProbability)
            .reduce(Double::sum)
            .orElseThrow(),
        Optional.empty(),
        marks().isEmpty() ? List.of() : Collections.singletonList(reasoning(parts)));
  }

  /** Returns null where the model thought of no part. */
  private static String reasoning(List<GenerationResult> parts) {
    return parts.stream()
        .flatMap(part -> part.reasoning().stream())
        .reduce((one, other) -> one + "\n" + other)
        .orElse(null);
  }
}
