package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.RowKeys;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * Divides documents that are longer than the context, and makes one answer of the answers to their
 * parts. A row that fits is answered as without it.
 */
public record SplitTask(RowTask task) implements RowTask {
  /** The column with the number of parts that the document was divided into. */
  public static final String PARTS = "parts";

  private static final StructField FIELD =
      DataTypes.createStructField(PARTS, DataTypes.IntegerType, true);

  public SplitTask {
    if (!(task instanceof PartTask<?>)) {
      throw new IllegalArgumentException("Answers of this task do not join: " + task);
    }
  }

  @Override
  public RowTask call() {
    return task;
  }

  @Override
  public List<RowPrompt> prompts() {
    return task.prompts();
  }

  @Override
  public RowTask in(ChatFormat format) {
    return new SplitTask(task.in(format));
  }

  @Override
  public int completions() {
    return task.completions();
  }

  @Override
  public boolean answersDependOnKey() {
    return task.answersDependOnKey();
  }

  @Override
  public boolean seedsByPrompt() {
    return task.seedsByPrompt();
  }

  @Override
  public List<StructField> typedFields() {
    return withParts(task.typedFields());
  }

  /** Adds the column of parts to others. */
  static List<StructField> withParts(List<StructField> fields) {
    List<StructField> more = new ArrayList<>(fields);
    more.add(FIELD);
    return more;
  }

  @Override
  public PendingAnswer<?> submit(
      EngineCalls engine, Executor later, RowKey key, Map<String, Object> values) {
    return submit((PartTask<?>) task, engine, later, key, values);
  }

  private <R> PendingAnswer<?> submit(
      PartTask<R> each,
      EngineCalls engine,
      Executor later,
      RowKey key,
      Map<String, Object> values) {
    List<Map<String, Object>> parts = LongDocument.parts(each, engine, values);
    if (parts.size() == 1) {
      return new PendingAnswer<>(
          each.ask(engine, key, parts.get(0)), result -> answers(each, List.of(result)));
    }
    RowCalls calls = new RowCalls(later, completions(), this::refused);
    calls.send(
        parts.size(),
        part -> each.ask(engine, RowKeys.ofCall(key, 0, part), parts.get(part)),
        results -> calls.complete(answers(each, results)));
    return calls.pending();
  }

  private static <R> List<Answer> answers(PartTask<R> each, List<R> parts) {
    return each.answers(parts).stream().map(answer -> answer.with(parts.size())).toList();
  }

  private List<Answer> refused(TemplateException problem) {
    return Collections.nCopies(completions(), Answer.refused(problem, typedFields().size()));
  }
}
