package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.RowKeys;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * Divides documents that are longer than the context, and makes one answer of the answers to their
 * parts. A row that fits is answered as without it.
 */
public record SplitTask(RowTask task) implements DividedTask {
  public SplitTask {
    if (!(task instanceof PartTask<?>)) {
      throw new IllegalArgumentException("Answers of this task do not join: " + task);
    }
  }

  @Override
  public RowTask in(ChatFormat format) {
    return new SplitTask(task.in(format));
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
}
