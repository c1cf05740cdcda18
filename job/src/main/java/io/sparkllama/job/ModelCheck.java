package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.CompleteTask;
import io.sparkllama.job.pipeline.RowTask;
import io.sparkllama.job.prompt.PromptTemplate;
import java.util.HashMap;
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
    for (PromptTemplate template : task.templates()) {
      fixed += fixedTokens(template);
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

  private int fixedTokens(PromptTemplate template) {
    Map<String, String> empty = new HashMap<>();
    template.columns().forEach(column -> empty.put(column, ""));
    try {
      return model.countTokens(template.render(empty));
    } catch (InvalidTextException inexpressible) {
      throw new InvalidConfigurationException(
          "The template's own text cannot be expressed in the model's vocabulary: "
              + inexpressible.getMessage(),
          inexpressible);
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
