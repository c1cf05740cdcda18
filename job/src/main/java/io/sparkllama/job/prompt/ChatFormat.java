package io.sparkllama.job.prompt;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.engine.chat.ChatTemplate;
import io.sparkllama.engine.chat.Conversation;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Holds how a model wants conversations written, compiled once per job and process. */
public final class ChatFormat implements Serializable {
  private static final long serialVersionUID = 1;

  private final String name;
  private final String source;
  private final String beginText;
  private final String endText;
  private final ReasoningMarks marks; // null where the model does not think
  private transient Conversation conversation;

  private ChatFormat(
      String name, String source, String beginText, String endText, ReasoningMarks marks) {
    this.name = name;
    this.source = source;
    this.beginText = beginText;
    this.endText = endText;
    this.marks = marks;
    this.conversation = conversation();
  }

  /**
   * Compiles a chat template.
   *
   * @param name of the template, for messages
   * @param beginText text of the token that begins a text, where there is one
   * @param endText text of the token that ends a text, where there is one
   * @param marks between which the model thinks, where it does
   * @throws InvalidConfigurationException says what is wrong, and what to do
   */
  public static ChatFormat compile(
      String name,
      String source,
      Optional<String> beginText,
      Optional<String> endText,
      Optional<ReasoningMarks> marks) {
    try {
      return new ChatFormat(
          name, source, beginText.orElse(""), endText.orElse(""), marks.orElse(null));
    } catch (TemplateException wrong) {
      throw new InvalidConfigurationException(
          "The chat template cannot be used; name another one by prompt.chat-template: "
              + name
              + ", "
              + wrong.getMessage(),
          wrong);
    }
  }

  String name() {
    return name;
  }

  /** Writes messages; see {@link Conversation#render}. */
  Prompt render(List<?> messages, Map<String, ?> arguments, LocalDate date) {
    return conversation.render(messages, arguments, date);
  }

  private Conversation conversation() {
    return new Conversation(ChatTemplate.compile(source), beginText, endText);
  }

  Optional<ReasoningMarks> marks() {
    return Optional.ofNullable(marks);
  }

  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    in.defaultReadObject();
    conversation = conversation();
  }
}
