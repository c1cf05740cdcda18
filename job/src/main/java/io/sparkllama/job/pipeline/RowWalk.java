package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.prompt.RowKeys;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Takes one row from its columns to the engine, and from the answer to the output's columns.
 *
 * @param layout of the rows that come in
 * @param adapter that the rows choose
 */
record RowWalk(RowTask task, RowLayout layout, AdapterChoice adapter) implements Serializable {
  /** Makes a walk with the model as it is. */
  RowWalk(RowTask task, RowLayout layout) {
    this(task, layout, AdapterChoice.NONE);
  }

  /**
   * Renders the row's prompt and sends it; a row that a template refuses has its error at once.
   *
   * @param later takes up what a row asks once it has answers; not the engine's thread
   */
  PendingAnswer<?> submit(EngineCalls engine, Executor later, Row row) {
    try {
      RowKey key = task.seedsByPrompt() ? RowKeys.derive(layout.promptTexts(row)) : key(row);
      Map<String, Object> values = layout.inputValues(row);
      return task.submit(adapter.in(engine, values), later, key, values);
    } catch (TemplateException problem) {
      Answer failed = Answer.refused(problem, task.typedFields().size());
      return PendingAnswer.of(Collections.nCopies(task.completions(), failed));
    }
  }

  /**
   * Renders what the model reads of a row, one prompt after the other, and sends nothing.
   *
   * @throws TemplateException where a template refuses the row
   */
  Prompt prompt(Row row) {
    Map<String, Object> values = layout.inputValues(row);
    return new Prompt(
        task.prompts().stream().flatMap(part -> part.render(values).spans().stream()).toList());
  }

  /** Tells whether two rows are known to have equal prompts, and so equal answers. */
  boolean haveEqualAnswers(Row one, Row other) {
    return layout.haveEqualPrompts(one, other);
  }

  /**
   * Makes a row of the output, in the order of {@link OutputSchema}.
   *
   * @param sample index of the answer among those of its row
   */
  Row output(Row row, Answer answer, int sample) {
    List<Object> values = new ArrayList<>();
    if (layout.keys() == 0) {
      values.add(RowKeys.text(key(row)));
    } else {
      layout.copyKeys(row, values);
    }
    if (task.completions() > 1) {
      values.add(sample);
    }
    layout.copyChosen(row, values);
    values.add(answer.completion());
    values.addAll(answer.typed());
    return RowFactory.create(values.toArray());
  }

  /** Returns what remains of a row that the engine could not run; empty where it has answers. */
  Optional<DeadRow> dead(Row row, List<Answer> answers) {
    return answers.stream()
        .flatMap(answer -> answer.error().stream())
        .filter(error -> error.errorClass().equals(RowError.SET_ASIDE))
        .findFirst()
        .map(error -> DeadRow.of(RowKeys.text(key(row)), error));
  }

  /** Counts the row, its gold label included. */
  GenerationCounts counts(Row row, Answer answer) {
    GenerationCounts counts = answer.counts();
    String gold = layout.goldText(row);
    return gold == null
        ? counts
        : counts.plus(GenerationCounts.ofGold(gold.equals(answer.text()) ? 1 : 0));
  }

  private RowKey key(Row row) {
    return RowKeys.derive(layout.keyTexts(row));
  }
}
