package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.TemplateException;
import io.sparkllama.engine.chat.BuiltInTemplates;
import io.sparkllama.engine.chat.ChatTemplate;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.tokenizer.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Holds the templates of conversations without and with tools, which may be the same, and the
 * arguments that they get where a conversation does not have them.
 */
record ChatFormat(ChatTemplate template, ChatTemplate toolTemplate, Map<String, Object> defaults) {
  private static final String TEMPLATE_KEY = "tokenizer.chat_template";
  private static final String TOOL_TEMPLATE_KEY = "tokenizer.chat_template.tool_use";

  static ChatFormat ofFile(Path path) throws IOException {
    return ofTemplate(compiled(TextFile.whole(path), path.toString()));
  }

  static ChatFormat ofBuiltIn(String name) {
    return ofTemplate(compiled(BuiltInTemplates.source(name), name));
  }

  /** Takes the templates of a model, which may be a vocabulary without weights. */
  static ChatFormat ofModel(Path path) {
    GgufMetadata metadata = GgufFile.read(path).metadata();
    String source =
        metadata
            .optionalString(TEMPLATE_KEY)
            .orElseThrow(
                () ->
                    new InvalidInputException(
                        "The model has no chat template; give one by --template, or by --built-in"
                            + " one of "
                            + String.join(", ", BuiltInTemplates.names())
                            + ": "
                            + path));
    ChatTemplate template = compiled(source, path + ", " + TEMPLATE_KEY);
    ChatTemplate toolTemplate =
        metadata
            .optionalString(TOOL_TEMPLATE_KEY)
            .map(tools -> compiled(tools, path + ", " + TOOL_TEMPLATE_KEY))
            .orElse(template);
    Vocabulary vocabulary = Vocabulary.of(metadata);
    Map<String, Object> defaults = withoutVocabulary();
    putText(defaults, "bos_token", vocabulary, vocabulary.specialIds().bos());
    putText(defaults, "eos_token", vocabulary, vocabulary.specialIds().eos());
    return new ChatFormat(template, toolTemplate, defaults);
  }

  /** Returns the template that a conversation with these arguments is written by. */
  ChatTemplate templateFor(Map<String, ?> arguments) {
    return arguments.get("tools") == null ? template : toolTemplate;
  }

  private static ChatFormat ofTemplate(ChatTemplate template) {
    return new ChatFormat(template, template, withoutVocabulary());
  }

  private static Map<String, Object> withoutVocabulary() {
    Map<String, Object> defaults = new LinkedHashMap<>();
    defaults.put("add_generation_prompt", false);
    return defaults;
  }

  private static void putText(
      Map<String, Object> defaults, String name, Vocabulary vocabulary, OptionalInt id) {
    if (id.isPresent()) {
      defaults.put(name, vocabulary.text(id.getAsInt()));
    }
  }

  private static ChatTemplate compiled(String source, String origin) {
    try {
      return ChatTemplate.compile(source);
    } catch (TemplateException e) {
      throw new InvalidInputException(
          "The template cannot be compiled: " + origin + ", " + e.getMessage());
    }
  }
}
