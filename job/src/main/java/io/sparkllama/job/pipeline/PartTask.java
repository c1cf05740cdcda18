package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Is a task of one call, whose answers to a document's parts make the answer to the document.
 *
 * @param <R> the engine's result
 */
sealed interface PartTask<R> extends RowTask permits CompleteTask, ClassifyTask {
  RowPrompt prompt();

  @Override
  default List<RowPrompt> prompts() {
    return List.of(prompt());
  }

  /**
   * Asks the engine once.
   *
   * @throws io.sparkllama.engine.api.TemplateException where the prompt refuses the row
   */
  CompletableFuture<R> ask(EngineCalls engine, RowKey key, Map<String, Object> values);

  /**
   * Makes the answers of a row, one for each completion.
   *
   * @param parts results, at least one, in the parts' order
   */
  List<Answer> answers(List<R> parts);

  /** Returns the room that the task's calls have for a prompt. */
  PromptRoom room(EngineCalls engine);

  @Override
  default PendingAnswer<?> submit(
      EngineCalls engine, Executor later, RowKey key, Map<String, Object> values) {
    return new PendingAnswer<>(ask(engine, key, values), result -> answers(List.of(result)));
  }

  /** Says of which part an error is, where there are several. */
  static RowError errorOf(RowError error, int part, int parts) {
    return parts == 1
        ? error
        : new RowError(
            error.errorClass(), "Part " + (part + 1) + " of " + parts + ": " + error.message());
  }
}
