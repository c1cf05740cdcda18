package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.importer.ImportOutcome;
import io.sparkllama.engine.importer.ModelImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a checkpoint, as its makers publish it, as a GGUF file. */
@Command(name = "import", description = "Writes a checkpoint's directory as a GGUF file.")
final class ImportCommand implements Callable<Integer> {
  private static final Map<String, QuantizationType> TYPES =
      Map.of(
          "f32", QuantizationType.F32, "f16", QuantizationType.F16, "bf16", QuantizationType.BF16);

  @Parameters(
      index = "0",
      paramLabel = "DIR",
      description = "The checkpoint: a directory as Hugging Face or Meta has it.")
  private Path directory;

  @Parameters(
      index = "1",
      paramLabel = "OUT.gguf",
      description = "The file; an existing one is replaced when the new one is complete.")
  private Path path;

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description = "The matrices' type: f32, f16 or bf16 (default: as the checkpoint has them).")
  private String typeName;

  @Spec private CommandSpec command;
  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Override
  public Integer call() throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new InvalidConfigurationException(
          "The checkpoint must be a directory, and there is none: " + directory);
    }
    if (Files.isDirectory(path)) {
      throw new InvalidConfigurationException("The output is a folder; name a file: " + path);
    }
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new InvalidConfigurationException(
          "The output's folder does not exist; make it first: " + folder);
    }
    long begin = System.nanoTime();
    ImportOutcome outcome;
    try (WriteProgress progress = WriteProgress.of(command.commandLine().getErr())) {
      outcome = new ModelImporter(directory, type()).write(path, progress::show);
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    output.print(
        json -> {
          json.writeStringField("output", path.toString());
          json.writeStringField("architecture", outcome.architecture());
          json.writeStringField("type", outcome.type());
          json.writeNumberField("tensors", outcome.tensors());
          json.writeNumberField("elements", outcome.elements());
          json.writeNumberField("bytes", outcome.bytes());
          json.writeNumberField("seconds", Math.round(seconds * 1000) / 1000.0);
        },
        () ->
            String.format(
                Locale.ROOT,
                "%s: %s as %s, %,d weights, %s",
                path,
                outcome.architecture(),
                outcome.type(),
                outcome.elements(),
                ByteCount.readable(outcome.bytes())));
    return 0;
  }

  private Optional<QuantizationType> type() {
    if (typeName == null) {
      return Optional.empty();
    }
    QuantizationType type = TYPES.get(typeName.toLowerCase(Locale.ROOT));
    if (type == null) {
      throw new InvalidConfigurationException(
          "--type must be f32, f16 or bf16; the quantized types are made of such a file: "
              + typeName);
    }
    return Optional.of(type);
  }
}
