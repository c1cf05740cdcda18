package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.RowKeys;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/**
 * Summarizes documents of any length. One that fits is one call, as a completion. The parts of a
 * longer one are summarized, and then their summaries, level by level, until there is one.
 */
public record SummarizeTask(CompleteTask task, SummaryPrompt combination) implements DividedTask {
  public SummarizeTask {
    if (task.completions() != 1) {
      throw new IllegalArgumentException(
          "A row has one summary, not several: " + task.completions());
    }
  }

  @Override
  public List<String> names() {
    return Stream.concat(
            task.names().stream(),
            combination.prompts().stream()
                .flatMap(prompt -> prompt.names().stream())
                .filter(name -> !name.equals(SummaryPrompt.SUMMARIES)))
        .distinct()
        .toList();
  }

  @Override
  public boolean sets(String name) {
    return Stream.concat(task.prompts().stream(), combination.prompts().stream())
        .filter(prompt -> prompt.names().contains(name))
        .allMatch(prompt -> prompt.sets(name));
  }

  @Override
  public RowTask in(ChatFormat format) {
    return new SummarizeTask(task.in(format), combination.in(format));
  }

  @Override
  public PendingAnswer<?> submit(
      EngineCalls engine, Executor later, RowKey key, Map<String, Object> values) {
    List<Map<String, Object>> parts = LongDocument.parts(task, engine, values);
    if (parts.size() == 1) {
      return new PendingAnswer<>(
          task.ask(engine, key, parts.get(0)),
          result -> List.of(task.answers(List.of(result)).get(0).with(1)));
    }
    LongDocument document = LongDocument.of(task.prompt(), values).orElseThrow();
    RowCalls calls = new RowCalls(later, 1, this::refused);
    SummaryLevels levels = new SummaryLevels(this, engine, calls, key, document);
    calls.<List<GenerationResult>>send(
        parts.size(),
        part -> task.ask(engine, RowKeys.ofCall(key, 0, part), parts.get(part)),
        levels::accept);
    return calls.pending();
  }
}
