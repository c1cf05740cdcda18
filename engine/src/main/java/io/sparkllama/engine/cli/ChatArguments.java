package io.sparkllama.engine.cli;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.engine.chat.BuiltInTemplates;
import io.sparkllama.engine.chat.ChatTemplate;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Takes prompts for messages of a conversation, in the format that the model was taught. */
final class ChatArguments {
  @Option(
      names = "--chat",
      description = "Take each prompt for a user's message, in the model's own chat template.")
  private boolean chat;

  @Option(names = "--system", paramLabel = "TEXT", description = "With --chat: the system message.")
  private String system;

  @Option(
      names = "--chat-template",
      paramLabel = "NAME",
      description = "With --chat: a built-in template instead of the model's, such as chatml.")
  private String builtIn;

  /** Writes a model's conversations. */
  interface Format {
    /**
     * Returns the prompt of a user's message.
     *
     * @throws TemplateException where the template refuses it
     */
    Prompt prompt(String message);

    /** Returns the texts between which the model thinks, where it does. */
    Optional<ReasoningMarks> marks();
  }

  /**
   * Returns the format of a model's conversations, or nothing where prompts are taken as they are.
   *
   * @throws InvalidConfigurationException where there is none, or it cannot be used
   */
  Optional<Format> format(ModelFile model) {
    if (!chat) {
      if (system != null || builtIn != null) {
        throw new InvalidConfigurationException(
            "--system and --chat-template belong to a conversation: add --chat");
      }
      return Optional.empty();
    }
    String source =
        builtIn != null
            ? BuiltInTemplates.source(builtIn)
            : model
                .chatTemplate()
                .orElseThrow(
                    () ->
                        new InvalidConfigurationException(
                            "The model carries no chat template; name the format that it was taught"
                                + " by --chat-template: "
                                + String.join(", ", BuiltInTemplates.names())));
    ChatTemplate template;
    try {
      template = ChatTemplate.compile(source);
    } catch (TemplateException wrong) {
      throw new InvalidConfigurationException(
          "The model's chat template cannot be used; name another one by --chat-template: "
              + wrong.getMessage(),
          wrong);
    }
    return Optional.of(new ModelFormat(model, template, source));
  }

  private final class ModelFormat implements Format {
    private final ModelFile model;
    private final ChatTemplate template;
    private final Optional<ReasoningMarks> marks;
    private final LocalDate date = LocalDate.now(ZoneOffset.UTC);

    ModelFormat(ModelFile model, ChatTemplate template, String source) {
      this.model = model;
      this.template = template;
      this.marks = model.reasoningMarks(source);
    }

    @Override
    public Prompt prompt(String message) {
      List<Object> messages = new ArrayList<>();
      if (system != null) {
        messages.add(message("system", system));
      }
      messages.add(message("user", message));
      Map<String, Object> variables = new HashMap<>();
      variables.put("messages", messages);
      variables.put("tools", null);
      variables.put("documents", null);
      variables.put("add_generation_prompt", true);
      variables.put("bos_token", Prompt.ofTemplate(model.beginText().orElse("")));
      variables.put("eos_token", Prompt.ofTemplate(model.endText().orElse("")));
      return template.render(variables, date);
    }

    /** A message is data: what it says is never a special token. */
    private Map<String, Object> message(String role, String content) {
      return Map.of("role", Prompt.ofTemplate(role), "content", content);
    }

    @Override
    public Optional<ReasoningMarks> marks() {
      return marks;
    }
  }
}
