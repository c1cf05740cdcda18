package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Holds the formats that models were taught which carry no template of their own, by name. */
public final class BuiltInTemplates {
  private static final List<String> NAMES =
      List.of("alpaca", "chatml", "falcon", "llama-2", "llama-3", "mistral", "vicuna", "zephyr");

  private BuiltInTemplates() {}

  /** Returns the names, in alphabetical order. */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * Returns a template's source.
   *
   * @throws InvalidConfigurationException names those that there are
   */
  public static String source(String name) {
    if (!NAMES.contains(name)) {
      throw new InvalidConfigurationException(
          "There is no built-in chat template of this name; there are "
              + String.join(", ", NAMES)
              + ": "
              + name);
    }
    try (InputStream stream =
        BuiltInTemplates.class.getResourceAsStream("templates/" + name + ".jinja")) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException broken) {
      throw new UncheckedIOException("The jar cannot be read", broken);
    }
  }
}
