package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.job.metrics.GenerationCounts;
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
