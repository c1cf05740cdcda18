package io.sparkllama.engine.cli;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.engine.chat.BuiltInTemplates;
import io.sparkllama.engine.chat.ChatTemplate;
import io.sparkllama.engine.chat.Conversation;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
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
    private final Conversation conversation;
    private final Optional<ReasoningMarks> marks;
    private final LocalDate date = LocalDate.now(ZoneOffset.UTC);

    ModelFormat(ModelFile model, ChatTemplate template, String source) {
      this.conversation =
          new Conversation(template, model.beginText().orElse(""), model.endText().orElse(""));
      this.marks = model.reasoningMarks(source);
    }

    /** Both messages are data: what they say is never a special token. */
    @Override
    public Prompt prompt(String message) {
      List<Object> messages = new ArrayList<>();
      if (system != null) {
        messages.add(Conversation.message("system", system));
      }
      messages.add(Conversation.message("user", message));
      return conversation.render(messages, Map.of(), date);
    }

    @Override
    public Optional<ReasoningMarks> marks() {
      return marks;
    }
  }
}
