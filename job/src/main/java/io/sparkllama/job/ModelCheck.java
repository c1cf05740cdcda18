package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.CompleteTask;
import io.sparkllama.job.pipeline.RowTask;
import io.sparkllama.job.pipeline.SummarizeTask;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Refuses, on the driver and before any work, a task that every row of the job would fail at. */
final class ModelCheck {
  private final ModelFile model;
  private final EngineOptions engine;
  private final int contextLength;

  ModelCheck(ModelFile model, EngineOptions engine) {
    this.model = model;
    this.engine = engine;
    this.contextLength =
        engine.contextLength() == 0 ? model.contextLength() : engine.contextLength();
  }

  /**
   * Checks the engine's options, the templates' own text, labels, stop tokens, biases and what
   * completions may be.
   *
   * @throws InvalidConfigurationException names the key and the remedy
   */
  void check(RowTask task) {
    model.check(engine);
    int fixed = 0;
    for (RowPrompt prompt : task.prompts()) {
      fixed += fixedTokens(prompt);
    }
    int needed = fixed + 1;
    if (task.call() instanceof ClassifyTask classify) {
      refuseThoughts(classify);
      needed = fixed + longestLabel(classify);
    }
    if (task.call() instanceof CompleteTask complete && complete.constraint() != null) {
      needed =
          fixed
              + ConstraintKeys.fewestTokens(
                  complete.constraint(), model, complete.sampling().maxTokens());
    }
    requireRoom(fixed, needed);
    if (task instanceof SummarizeTask summarize) {
      for (RowPrompt prompt : summarize.combination().prompts()) {
        int combining = fixedTokens(prompt);
        requireRoom(combining, combining + 1);
      }
    }
    if (task.call() instanceof CompleteTask complete) {
      SamplingParams sampling = complete.sampling();
      requireInVocabulary("generation.stop-tokens", sampling.stopTokens());
      requireInVocabulary("generation.logit-bias", sampling.penalties().logitBias().keySet());
    }
  }

  private void requireRoom(int fixed, int needed) {
    if (needed > contextLength) {
      throw new InvalidConfigurationException(
          "The template's own text leaves no room in the context for a document and an answer;"
              + " shorten it: "
              + fixed
              + " tokens, context "
              + contextLength);
    }
  }

  private void requireInVocabulary(String key, Collection<Integer> ids) {
    for (int id : ids) {
      if (id >= model.vocabularySize()) {
        throw new InvalidConfigurationException(
            key + " must be below the vocabulary's size of " + model.vocabularySize() + ": " + id);
      }
    }
  }

  /**
   * Counts the tokens of a prompt whose columns are empty or nearly so, whichever are fewer; 0
   * where the prompt takes no such row.
   */
  private int fixedTokens(RowPrompt prompt) {
    int fewest = Integer.MAX_VALUE;
    TemplateException refused = null;
    for (String text : List.of("", "x")) {
      try {
        fewest = Math.min(fewest, tokens(prompt.render(row(prompt, text))));
      } catch (TemplateException problem) {
        refused = problem;
      }
    }
    if (fewest < Integer.MAX_VALUE) {
      return fewest;
    }
    refuseIfAllAre(prompt, refused);
    return 0;
  }

  private static Map<String, Object> row(RowPrompt prompt, String text) {
    Map<String, Object> values = new HashMap<>();
    prompt.names().stream()
        .filter(name -> !prompt.sets(name))
        .forEach(name -> values.put(name, text));
    if (prompt instanceof ChatPrompt chat) {
      chat.messagesColumn().ifPresent(column -> values.put(column, List.of()));
    }
    return values;
  }

  private int tokens(Prompt rendered) {
    try {
      return model.countTokens(rendered);
    } catch (InvalidTextException inexpressible) {
      throw new InvalidConfigurationException(
          "The template's own text cannot be expressed in the model's vocabulary: "
              + inexpressible.getMessage(),
          inexpressible);
    }
  }

  /** A chat template that refuses the roles of a conversation refuses them in every row. */
  private static void refuseIfAllAre(RowPrompt prompt, TemplateException refused) {
    boolean sameRoles = prompt instanceof ChatPrompt chat && chat.messagesColumn().isEmpty();
    if (sameRoles && refused.kind() == TemplateException.Kind.RAISED) {
      throw new InvalidConfigurationException(
          "The chat template refuses the conversation; change prompt.system or prompt.user, or name"
              + " another format by prompt.chat-template: "
              + refused.getMessage(),
          refused);
    }
  }

  /** A label is an answer, and no model answers before it has thought. */
  private static void refuseThoughts(ClassifyTask task) {
    if (!(task.prompt() instanceof ChatPrompt chat) || chat.reasoningMarks().isEmpty()) {
      return;
    }
    String begin = chat.reasoningMarks().get().begin();
    try {
      if (chat.render(row(chat, "x")).text().stripTrailing().endsWith(begin)) {
        throw new InvalidConfigurationException(
            "The chat template makes the model think first, and task = classify scores answers;"
                + " switch that off by prompt.template-arguments (such as { enable_thinking = false"
                + " }), or name another format by prompt.chat-template.");
      }
    } catch (TemplateException refusesTheProbe) {
      return; // what the template makes of a row, the row's own error says
    }
  }

  private int longestLabel(ClassifyTask task) {
    int longest = 0;
    for (String label : task.labels()) {
      try {
        longest = Math.max(longest, model.countTokens(Prompt.ofData(label)));
      } catch (InvalidTextException inexpressible) {
        throw new InvalidConfigurationException(
            "A label cannot be expressed in the model's vocabulary: " + label, inexpressible);
      }
    }
    return longest;
  }
}
