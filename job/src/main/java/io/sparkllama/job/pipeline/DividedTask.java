package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/** Is a task that divides documents which are longer than the context, and asks for their parts. */
public sealed interface DividedTask extends RowTask permits SplitTask, SummarizeTask {
  /** The column with the number of parts that the document was divided into. */
  String PARTS = "parts";

  /** Returns what is asked for each part. */
  RowTask task();

  @Override
  default RowTask call() {
    return task();
  }

  @Override
  default List<RowPrompt> prompts() {
    return task().prompts();
  }

  @Override
  default int completions() {
    return task().completions();
  }

  @Override
  default boolean answersDependOnKey() {
    return task().answersDependOnKey();
  }

  @Override
  default boolean seedsByPrompt() {
    return task().seedsByPrompt();
  }

  @Override
  default List<StructField> typedFields() {
    List<StructField> fields = new ArrayList<>(task().typedFields());
    fields.add(DataTypes.createStructField(PARTS, DataTypes.IntegerType, true));
    return fields;
  }

  /** Returns the answers of a row that a template refuses, one for each completion. */
  default List<Answer> refused(TemplateException problem) {
    return Collections.nCopies(completions(), Answer.refused(problem, typedFields().size()));
  }
}
