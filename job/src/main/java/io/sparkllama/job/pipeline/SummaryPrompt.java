package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.RowPrompt;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Says which prompt makes one summary of the summaries of a document's parts. */
public sealed interface SummaryPrompt extends Serializable {
  /** The name that stands for the summaries in a prompt of their own. */
  String SUMMARIES = "summaries";

  /** Returns the prompts, beside the task's own, that are filled with a row's columns. */
  List<RowPrompt> prompts();

  /** Returns the same in a model's format. */
  SummaryPrompt in(ChatFormat format);

  /**
   * Makes the prompt.
   *
   * @param own prompt of the task
   * @param summaries joined
   * @throws io.sparkllama.engine.api.TemplateException where the prompt refuses them
   */
  Prompt render(RowPrompt own, LongDocument document, String summaries);

  /** Puts summaries into the document's place. */
  record OfDocument() implements SummaryPrompt {
    @Override
    public List<RowPrompt> prompts() {
      return List.of();
    }

    @Override
    public SummaryPrompt in(ChatFormat format) {
      return this;
    }

    @Override
    public Prompt render(RowPrompt own, LongDocument document, String summaries) {
      return own.render(document.with(summaries));
    }
  }

  /** Has a prompt for summaries, which may read other columns too. */
  record OfSummaries(RowPrompt prompt) implements SummaryPrompt {
    @Override
    public List<RowPrompt> prompts() {
      return List.of(prompt);
    }

    @Override
    public SummaryPrompt in(ChatFormat format) {
      return new OfSummaries(RowTask.in(prompt, format));
    }

    @Override
    public Prompt render(RowPrompt own, LongDocument document, String summaries) {
      Map<String, Object> values = new HashMap<>(document.values());
      values.put(SUMMARIES, summaries);
      return prompt.render(values);
    }
  }
}
