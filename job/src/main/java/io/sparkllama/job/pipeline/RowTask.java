package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.RowPrompt;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.apache.spark.sql.types.StructField;

/** Says what a job asks of the engine for each row, and which columns the answer fills. */
public sealed interface RowTask extends Serializable permits PartTask, ScoreTask, DividedTask {
  /** Returns the prompts that the task fills with a row's columns. */
  List<RowPrompt> prompts();

  /** Returns the same task with conversations in a model's format. */
  RowTask in(ChatFormat format);

  /** Returns the columns after {@code completion}, all nullable. */
  List<StructField> typedFields();

  /**
   * Sends a row to the engine.
   *
   * @param later takes up what a row asks once it has answers; not the engine's thread
   * @param values by column name
   * @throws io.sparkllama.engine.api.TemplateException where a prompt refuses the row
   */
  PendingAnswer<?> submit(
      EngineCalls engine, Executor later, RowKey key, Map<String, Object> values);

  /** Returns what the task asks in each call of the model. */
  default RowTask call() {
    return this;
  }

  /**
   * Returns how many completions a row has; where it is not one, each has a row of the output, with
   * its index as {@code sample}.
   */
  default int completions() {
    return 1;
  }

  /** Tells whether rows with equal prompts may have different answers, by their keys. */
  default boolean answersDependOnKey() {
    return false;
  }

  /** Tells whether random numbers follow a row's prompt instead of its key. */
  default boolean seedsByPrompt() {
    return false;
  }

  /** Returns the names that the prompts read, each once, in the order of first use. */
  default List<String> names() {
    return prompts().stream().flatMap(prompt -> prompt.names().stream()).distinct().toList();
  }

  /** Tells whether a name need not be a column, since every prompt that reads it sets it too. */
  default boolean sets(String name) {
    return prompts().stream()
        .filter(prompt -> prompt.names().contains(name))
        .allMatch(prompt -> prompt.sets(name));
  }

  /** Returns a prompt in a model's format, where it is a conversation. */
  static RowPrompt in(RowPrompt prompt, ChatFormat format) {
    return prompt instanceof ChatPrompt chat ? chat.in(format) : prompt;
  }
}
