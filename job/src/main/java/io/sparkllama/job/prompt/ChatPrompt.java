package io.sparkllama.job.prompt;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.engine.chat.Conversation;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes a conversation of a row, in the format of the model: a system message, the messages of a
 * column, a user's message, each where the job has it.
 *
 * @param system its template, where there is one
 * @param user its template, where there is one
 * @param messagesColumn the column with messages, where there is one
 * @param tools what the model may call, as a tool's JSON says it; empty for none
 * @param arguments further variables of the chat template
 * @param date what {@code strftime_now} writes
 * @param format empty until the model is known
 */
public record ChatPrompt(
    Optional<PromptTemplate> system,
    Optional<PromptTemplate> user,
    Optional<String> messagesColumn,
    List<Object> tools,
    Map<String, Object> arguments,
    LocalDate date,
    Optional<ChatFormat> format)
    implements RowPrompt {
  /** Roles that count as the template's own text: in some formats they are part of a token. */
  private static final Set<String> ROLES =
      Set.of(
          "system",
          "developer",
          "user",
          "assistant",
          "tool",
          "function",
          "ipython",
          "observation",
          "model",
          "environment");

  /** Java's serialization knows no optional. */
  private record Form(
      PromptTemplate system,
      PromptTemplate user,
      String messagesColumn,
      Serializable tools,
      Serializable arguments,
      LocalDate date,
      ChatFormat format)
      implements Serializable {
    @SuppressWarnings("unchecked")
    private Object readResolve() {
      return new ChatPrompt(
          Optional.ofNullable(system),
          Optional.ofNullable(user),
          Optional.ofNullable(messagesColumn),
          (List<Object>) tools,
          (Map<String, Object>) arguments,
          date,
          Optional.ofNullable(format));
    }
  }

  private Object writeReplace() {
    return new Form(
        system.orElse(null),
        user.orElse(null),
        messagesColumn.orElse(null),
        new ArrayList<>(tools),
        new LinkedHashMap<>(arguments),
        date,
        format.orElse(null));
  }

  /** Returns the same prompt in a model's format. */
  public ChatPrompt in(ChatFormat newFormat) {
    return new ChatPrompt(
        system, user, messagesColumn, tools, arguments, date, Optional.of(newFormat));
  }

  /**
   * Returns the same conversation with another message of the user, and no messages of a column.
   */
  public ChatPrompt withUser(PromptTemplate newUser) {
    return new ChatPrompt(
        system, Optional.of(newUser), Optional.empty(), tools, arguments, date, format);
  }

  /** Returns the texts between which the model thinks, where it does. */
  public Optional<ReasoningMarks> reasoningMarks() {
    return format.flatMap(ChatFormat::marks);
  }

  @Override
  public List<String> names() {
    Set<String> names = new LinkedHashSet<>();
    system.ifPresent(template -> names.addAll(template.names()));
    messagesColumn.ifPresent(names::add);
    user.ifPresent(template -> names.addAll(template.names()));
    return List.copyOf(names);
  }

  @Override
  public boolean sets(String name) {
    // A name that one of the templates takes from outside is a column, whatever the other one does.
    return !messagesColumn.equals(Optional.of(name))
        && Stream.of(system, user)
            .flatMap(Optional::stream)
            .filter(template -> template.names().contains(name))
            .allMatch(template -> template.sets(name));
  }

  @Override
  public Prompt render(Map<String, Object> values) {
    ChatFormat chat =
        format.orElseThrow(() -> new IllegalStateException("The model is not known yet"));
    List<Object> messages = new ArrayList<>();
    system.ifPresent(
        template -> messages.add(Conversation.message("system", template.render(values))));
    messagesColumn.ifPresent(column -> addMessages(column, values.get(column), messages));
    user.ifPresent(template -> messages.add(Conversation.message("user", template.render(values))));
    Map<String, Object> variables = new HashMap<>();
    arguments.forEach((name, value) -> variables.put(name, own(value)));
    if (!tools.isEmpty()) {
      variables.put("tools", own(tools));
    }
    try {
      return chat.render(messages, variables, date);
    } catch (TemplateException problem) {
      throw problem.in(chat.name());
    }
  }

  /** Marks the texts of a value as the job's own, as its templates are. */
  private static Object own(Object value) {
    if (value instanceof String text) {
      return Prompt.ofTemplate(text);
    }
    if (value instanceof List<?> list) {
      List<Object> items = new ArrayList<>();
      list.forEach(item -> items.add(own(item)));
      return items;
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> entries = new LinkedHashMap<>();
      map.forEach((key, entry) -> entries.put(own(key), own(entry)));
      return entries;
    }
    return value;
  }

  private static void addMessages(String column, Object value, List<Object> messages) {
    if (value == null) {
      throw TemplateException.nullValue("A column that the prompt needs is null: " + column);
    }
    if (!(value instanceof List<?> items)) {
      throw new TemplateException("The column holds no list of messages: " + column);
    }
    for (Object item : items) {
      if (item == null) {
        throw TemplateException.nullValue("A message is null, of the column " + column);
      }
      if (!(item instanceof Map<?, ?> given)) {
        throw new TemplateException("A message is no struct or map, of the column " + column);
      }
      Map<String, Object> message = new LinkedHashMap<>();
      given.forEach(
          (name, content) -> {
            // A field that other rows have is none of this message's.
            if (content != null || name.equals("content")) {
              message.put((String) name, content);
            }
          });
      if (message.get("role") instanceof String role && ROLES.contains(role)) {
        message.put("role", Prompt.ofTemplate(role));
      }
      messages.add(message);
    }
  }
}
