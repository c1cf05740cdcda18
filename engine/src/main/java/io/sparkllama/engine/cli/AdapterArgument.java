package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.EngineOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Chooses an adapter for all that a command asks the model. */
final class AdapterArgument {
  private static final String NAME = "adapter";

  @Option(
      names = "--adapter",
      paramLabel = "FILE",
      description = "A LoRA adapter of the model, in GGUF; the model's weights stay as they are.")
  private Path file;

  @Option(
      names = "--adapter-scale",
      paramLabel = "X",
      description = "What the adapter's change is multiplied by (default: ${DEFAULT-VALUE}).")
  private double scale = 1;

  /** Returns the options of an engine that has the adapter. */
  EngineOptions in(EngineOptions options) {
    return file == null
        ? options
        : options.withAdapters(List.of(new AdapterFile(NAME, file, scale)));
  }

  /** Returns the name by which requests choose it. */
  Optional<String> name() {
    return file == null ? Optional.empty() : Optional.of(NAME);
  }
}
