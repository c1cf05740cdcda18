package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.job.division.TextGroups;
import io.sparkllama.job.prompt.RowKeys;
import java.util.List;
import java.util.Optional;

/**
 * Brings the summaries of a document's parts down to one: neighbours that fit into a prompt
 * together are summarized again, level by level. Each level has at most half as many summaries as
 * the one before it, or the row ends with an error, so that the last one comes.
 *
 * <p>Runs on the executor of the row's calls, one level after the other.
 */
final class SummaryLevels {
  private final SummarizeTask task;
  private final EngineCalls engine;
  private final RowCalls calls;
  private final RowKey key;
  private final LongDocument document;
  private int parts; // of the document, known with the first level's results
  private int level; // of the results that come next, 0 for the document's parts
  private int promptTokens; // of the levels before it
  private int completionTokens;

  SummaryLevels(
      SummarizeTask task, EngineCalls engine, RowCalls calls, RowKey key, LongDocument document) {
    this.task = task;
    this.engine = engine;
    this.calls = calls;
    this.key = key;
    this.document = document;
  }

  /** Takes the summaries of a level, and asks for those of the next one or ends the row. */
  void accept(List<List<GenerationResult>> results) {
    parts = level == 0 ? results.size() : parts;
    Answer joined = task.task().answers(results).get(0);
    if (joined.error().isPresent()) {
      fail(joined, joined.error().get());
    } else if (results.size() == 1) {
      calls.complete(List.of(joined.plusTokens(promptTokens, completionTokens).with(parts)));
    } else {
      summarize(joined, results.stream().map(result -> result.get(0).text()).toList());
    }
  }

  private void summarize(Answer joined, List<String> summaries) {
    Optional<List<String>> groups;
    try {
      groups =
          new TextGroups(LongDocument.measure(task.task().room(engine), engine, this::render))
              .of(summaries, (summaries.size() + 1) / 2);
    } catch (InvalidTextException inexpressible) {
      fail(joined, new RowError(RowError.INVALID_TEXT, inexpressible.getMessage()));
      return;
    }
    if (groups.isEmpty()) {
      fail(
          joined,
          new RowError(
              RowError.PROMPT_TOO_LONG,
              "The summaries of the document's parts leave no room in the context, two of them in a"
                  + " prompt; lower generation.max-tokens, shorten the template, or raise the"
                  + " context length: "
                  + summaries.size()
                  + " summaries, context "
                  + engine.contextLength()));
      return;
    }
    promptTokens += joined.promptTokens();
    completionTokens += joined.completionTokens();
    level++;
    calls.<List<GenerationResult>>send(
        groups.get().size(),
        group ->
            task.task()
                .ask(engine, RowKeys.ofCall(key, level, group), render(groups.get().get(group))),
        this::accept);
  }

  private Prompt render(String summaries) {
    return task.combination().render(task.task().prompt(), document, summaries);
  }

  private void fail(Answer joined, RowError error) {
    String place = level == 0 ? "" : "Summaries of level " + level + ": ";
    calls.complete(
        List.of(
            Answer.failed(
                    joined.promptTokens(),
                    new RowError(error.errorClass(), place + error.message()),
                    task.typedFields().size())
                .plusTokens(promptTokens, 0)));
  }
}
