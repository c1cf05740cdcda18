package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.CompleteTask;
import io.sparkllama.job.pipeline.RowTask;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.RowPrompt;
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
   * Checks the engine's options, the templates' own text, labels and stop tokens.
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
    if (task instanceof ClassifyTask classify) {
      needed = fixed + longestLabel(classify);
    }
    if (needed > contextLength) {
      throw new InvalidConfigurationException(
          "The template's own text leaves no room in the context for a document and an answer;"
              + " shorten it: "
              + fixed
              + " tokens, context "
              + contextLength);
    }
    if (task instanceof CompleteTask complete) {
      for (int token : complete.sampling().stopTokens()) {
        if (token >= model.vocabularySize()) {
          throw new InvalidConfigurationException(
              "generation.stop-tokens must be below the vocabulary's size of "
                  + model.vocabularySize()
                  + ": "
                  + token);
        }
      }
    }
  }

  /** Counts the tokens of an empty row's prompt; 0 where the prompt refuses such a row. */
  private int fixedTokens(RowPrompt prompt) {
    Map<String, Object> empty = new HashMap<>();
    prompt.names().forEach(name -> empty.put(name, ""));
    Prompt rendered;
    try {
      rendered = prompt.render(withoutMessages(prompt, empty));
    } catch (TemplateException refused) {
      refuseIfAllAre(prompt, refused);
      return 0;
    }
    try {
      return model.countTokens(rendered);
    } catch (InvalidTextException inexpressible) {
      throw new InvalidConfigurationException(
          "The template's own text cannot be expressed in the model's vocabulary: "
              + inexpressible.getMessage(),
          inexpressible);
    }
  }

  private static Map<String, Object> withoutMessages(RowPrompt prompt, Map<String, Object> values) {
    if (prompt instanceof ChatPrompt chat) {
      chat.messagesColumn().ifPresent(column -> values.put(column, List.of()));
    }
    return values;
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
