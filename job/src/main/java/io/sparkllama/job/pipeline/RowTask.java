package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.prompt.PromptTemplate;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.types.StructField;

/** Says what a job asks of the engine for each row, and which columns the answer fills. */
public sealed interface RowTask extends Serializable permits CompleteTask, ClassifyTask, ScoreTask {
  /** Returns the templates that the task fills. */
  List<PromptTemplate> templates();

  /** Returns the columns after {@code completion}, all nullable. */
  List<StructField> typedFields();

  /**
   * Sends a row to the engine.
   *
   * @param values by column name, none null
   */
  PendingAnswer<?> submit(EngineCalls engine, RowKey key, Map<String, String> values);

  /** Returns the columns of all templates, each once, in the order of first use. */
  default List<String> columns() {
    return templates().stream()
        .flatMap(template -> template.columns().stream())
        .distinct()
        .toList();
  }
}
