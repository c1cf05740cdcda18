package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.chat.BuiltInTemplates;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.prompt.ChatFormat;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.RowPrompt;
import java.util.List;

/** Finds the format of a job's conversations: the model's own, a built-in one, or a file's. */
final class ModelFormat {
  private static final String OWN = "model";

  private final ModelFile model;
  private final String chosen;

  /**
   * Takes what the job file chooses.
   *
   * @param chosen {@code model}, a built-in format's name, or a path
   */
  ModelFormat(ModelFile model, String chosen) {
    this.model = model;
    this.chosen = chosen;
  }

  /**
   * Returns the walk with its conversations in the chosen format; one without any as it is.
   *
   * @throws InvalidConfigurationException where there is no such format, or it cannot be used
   */
  PipelineSpecification apply(PipelineSpecification pipeline) {
    List<RowPrompt> prompts = pipeline.task().prompts();
    for (RowPrompt prompt : prompts) {
      if (prompt instanceof ChatPrompt chat) {
        return pipeline.in(format(!chat.tools().isEmpty()));
      }
    }
    return pipeline;
  }

  /** Tells whether what the job file chooses is the path of a file. */
  static boolean isFile(String chosen) {
    return !BuiltInTemplates.names().contains(chosen)
        && (chosen.indexOf('/') >= 0 || chosen.indexOf('.') >= 0);
  }

  private ChatFormat format(boolean withTools) {
    String source;
    String name;
    if (chosen.equals(OWN)) {
      name = "the model's chat template";
      source =
          (withTools ? model.toolChatTemplate() : model.chatTemplate())
              .orElseThrow(
                  () ->
                      new InvalidConfigurationException(
                          "The model carries no chat template: name the format that it was taught"
                              + " by prompt.chat-template ("
                              + String.join(", ", BuiltInTemplates.names())
                              + ", or a file), or write the whole prompt as prompt.template."));
    } else if (BuiltInTemplates.names().contains(chosen)) {
      name = "the built-in chat template " + chosen;
      source = BuiltInTemplates.source(chosen);
    } else if (isFile(chosen)) {
      name = chosen;
      source = PromptKeys.read(JobKeys.PROMPT_CHAT_TEMPLATE.path(), chosen);
    } else {
      throw new InvalidConfigurationException(
          "prompt.chat-template must be model, one of "
              + String.join(", ", BuiltInTemplates.names())
              + ", or the path of a file: "
              + chosen);
    }
    return ChatFormat.compile(
        name, source, model.beginText(), model.endText(), model.reasoningMarks(source));
  }
}
