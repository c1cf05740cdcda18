package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.PromptTemplate;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * Gives the log-likelihood of each row's continuation after its context.
 *
 * <p>Nothing is generated: the completion's text is null and its {@code completion_tokens} 0.
 */
public record ScoreTask(PromptTemplate context, PromptTemplate continuation) implements RowTask {
  private static final List<StructField> FIELDS =
      List.of(
          DataTypes.createStructField("log_likelihood", DataTypes.DoubleType, true),
          DataTypes.createStructField("tokens", DataTypes.IntegerType, true),
          DataTypes.createStructField("greedy", DataTypes.BooleanType, true));

  @Override
  public List<RowPrompt> prompts() {
    return List.of(context, continuation);
  }

  @Override
  public RowTask in(ChatFormat format) {
    return this; // it scores plain texts
  }

  @Override
  public List<StructField> typedFields() {
    return FIELDS;
  }

  @Override
  public PendingAnswer<?> submit(
      EngineCalls engine, Executor later, RowKey key, Map<String, Object> values) {
    return new PendingAnswer<>(
        engine.score(new ScoreRequest(context.render(values), continuation.render(values))),
        result -> List.of(answer(result)));
  }

  private static Answer answer(ScoreResult result) {
    if (result.error().isPresent()) {
      return Answer.failed(result.promptTokens(), result.error().get(), FIELDS.size());
    }
    return new Answer(
        null,
        FinishReason.STOP,
        result.promptTokens(),
        0,
        result.logLikelihood(),
        Optional.empty(),
        Arrays.asList(result.logLikelihood(), result.tokens().length, result.greedy()));
  }
}
