package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.importer.json.JsonObject;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds the chat templates of a directory: a file of its own, or in tokenizer_config.json. */
final class ChatTemplates {
  private static final String KEY = "tokenizer.chat_template";
  private static final long MOST_BYTES = 4 << 20;

  private ChatTemplates() {}

  static void write(Path directory, Optional<JsonObject> config, GgufContents contents)
      throws IOException {
    Path file = directory.resolve("chat_template.jinja");
    if (Files.exists(file)) {
      contents.put(KEY, MetadataValue.ofString(text(file)));
      return;
    }
    Path json = directory.resolve("chat_template.json");
    Optional<JsonObject> source = config.filter(object -> object.has("chat_template"));
    if (source.isEmpty() && Files.exists(json)) {
      source = Optional.of(JsonObject.read(json));
    }
    if (source.isPresent() && source.get().isText("chat_template")) {
      contents.put(KEY, MetadataValue.ofString(source.get().text("chat_template")));
    } else if (source.isPresent()) {
      writeNamed(source.get(), contents);
    }
  }

  private static void writeNamed(JsonObject source, GgufContents contents) {
    List<String> names = new ArrayList<>();
    for (JsonObject template : source.objects("chat_template")) {
      String name = template.text("name");
      if (!name.matches("[A-Za-z0-9_]{1,64}")) {
        throw template.invalid("name", "must be 1 to 64 letters, digits or underscores");
      }
      MetadataValue text = MetadataValue.ofString(template.text("template"));
      if (name.equals("default")) {
        contents.put(KEY, text);
      } else {
        names.add(name);
        contents.put(KEY + "." + name, text);
      }
    }
    if (!names.isEmpty()) {
      contents.put("tokenizer.chat_templates", MetadataValue.ofStrings(names));
    }
  }

  private static String text(Path file) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new ModelFormatException(
          "the chat template is larger than the " + MOST_BYTES + " bytes that are read: " + file);
    }
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new ModelFormatException("the chat template is not UTF-8: " + file, e);
    }
  }
}
