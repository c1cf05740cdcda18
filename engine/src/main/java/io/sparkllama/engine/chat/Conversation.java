package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.TemplateException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes conversations that a model is to go on with, and gives its template what transformers
 * gives.
 *
 * @param beginText text of the token that begins a text; empty where there is none
 * @param endText text of the token that ends a text; empty where there is none
 */
public record Conversation(ChatTemplate template, String beginText, String endText) {

  /**
   * Makes a message.
   *
   * @param role the template's own text: in some formats it is part of a token
   * @param content a text, which is data, or a prompt with its origins
   */
  public static Map<String, Object> message(String role, Object content) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("role", Prompt.ofTemplate(role));
    message.put("content", content);
    return message;
  }

  /**
   * Writes messages up to where the model goes on.
   *
   * @param arguments further variables of the template; {@code tools} and {@code documents} are
   *     none where they are not among them
   * @throws TemplateException where the template refuses them
   */
  public Prompt render(List<?> messages, Map<String, ?> arguments, LocalDate date) {
    Map<String, Object> variables = new HashMap<>(arguments);
    variables.put("messages", messages);
    variables.putIfAbsent("tools", null);
    variables.putIfAbsent("documents", null);
    variables.putIfAbsent("add_generation_prompt", true);
    variables.put("bos_token", Prompt.ofTemplate(beginText));
    variables.put("eos_token", Prompt.ofTemplate(endText));
    return template.render(variables, date);
  }
}
