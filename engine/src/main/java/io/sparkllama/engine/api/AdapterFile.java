package io.sparkllama.engine.api;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Names an adapter that an engine opens: a low-rank change of the model's weights (LoRA).
 *
 * @param name by which requests choose it
 * @param path of the GGUF file
 * @param scale that its change is multiplied by, beside its own {@code alpha / rank}; 1 takes it as
 *     it was trained
 */
public record AdapterFile(String name, Path path, double scale) {
  public AdapterFile {
    Objects.requireNonNull(path, "path");
    if (name.isBlank()) {
      throw new InvalidConfigurationException("An adapter must have a name: " + path);
    }
    if (!Double.isFinite(scale)) {
      throw new InvalidConfigurationException(
          "An adapter's scale must be a number: " + name + ": " + scale);
    }
  }
}
