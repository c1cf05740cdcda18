package io.sparkllama.job.prompt;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.TemplateException;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** Makes the prompt of a row out of its columns: a text with columns in it, or a conversation. */
public sealed interface RowPrompt extends Serializable permits PromptTemplate, ChatPrompt {
  /** Returns the names that the prompt reads, each once, in the order of first use. */
  List<String> names();

  /** Tells whether a name need not be a column, since the prompt sets it itself. */
  boolean sets(String name);

  /**
   * Makes the prompt of a row; what columns hold is data, where special tokens are plain text.
   *
   * @param values by column name, as {@link ColumnValue} makes them
   * @throws TemplateException where the row is refused; names the key or the template
   */
  Prompt render(Map<String, Object> values);
}
