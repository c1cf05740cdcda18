package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.job.metrics.GenerationCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Holds what a row gets: the completion and the task's typed columns.
 *
 * @param text null where the task writes none or the row has an error
 * @param logProbability null with an error
 * @param typed one value per typed column of the task, all null with an error
 */
record Answer(
    String text,
    FinishReason finishReason,
    int promptTokens,
    int completionTokens,
    Double logProbability,
    Optional<RowError> error,
    List<Object> typed) {

  /** Makes the answer of a row that has an error. */
  static Answer failed(int promptTokens, RowError error, int typedColumns) {
    return new Answer(
        null,
        FinishReason.ERROR,
        promptTokens,
        0,
        null,
        Optional.of(error),
        java.util.Collections.nCopies(typedColumns, null));
  }

  /** Makes the answer of a row that a template refuses. */
  static Answer refused(TemplateException problem, int typedColumns) {
    String errorClass =
        problem.kind() == TemplateException.Kind.NULL_VALUE
            ? RowError.NULL_INPUT
            : RowError.TEMPLATE;
    String message =
        problem.holdsData()
            ? "The template refuses the row, with words that hold text of the row and are left out"
            : problem.getMessage();
    return failed(0, new RowError(errorClass, message), typedColumns);
  }

  /** Returns the same answer with one typed column more; null where the row has an error. */
  Answer with(Object value) {
    List<Object> more = new ArrayList<>(typed);
    more.add(error.isPresent() ? null : value);
    return new Answer(
        text, finishReason, promptTokens, completionTokens, logProbability, error, more);
  }

  /** Returns the same answer with the tokens of calls that came before it. */
  Answer plusTokens(int earlierPromptTokens, int earlierCompletionTokens) {
    return new Answer(
        text,
        finishReason,
        promptTokens + earlierPromptTokens,
        completionTokens + earlierCompletionTokens,
        logProbability,
        error,
        typed);
  }

  /** Returns the column {@code completion}, in the order of {@link OutputSchema#COMPLETION}. */
  Row completion() {
    Row errorRow =
        error
            .map(problem -> RowFactory.create(problem.errorClass(), problem.message()))
            .orElse(null);
    return RowFactory.create(
        text, finishReason.label(), promptTokens, completionTokens, logProbability, errorRow);
  }

  /**
   * Returns the tokens that the engine computed for it, those included that the prefix cache had:
   * of the prompt, with the first answer of a row alone, and of the completion; none with an error.
   *
   * @param sample index among the answers of its row
   */
  long computedTokens(int sample) {
    return error.isPresent() ? 0 : (sample == 0 ? promptTokens : 0L) + completionTokens;
  }

  /** Counts this one row. */
  GenerationCounts counts() {
    return new GenerationCounts(
        1,
        0,
        promptTokens,
        0,
        completionTokens,
        0,
        0,
        error.map(problem -> Map.of(problem.errorClass(), 1L)).orElse(Map.of()));
  }
}
