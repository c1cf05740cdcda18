package io.sparkllama.engine.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Names the model of a command. */
final class ModelArgument {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "FILE",
      description = "The model: a GGUF file, or one part of a split model.")
  private Path path;

  Path path() {
    return path;
  }
}
