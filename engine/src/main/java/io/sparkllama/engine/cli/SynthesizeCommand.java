package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.model.QuantizationMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Writes a model of a real shape with seeded random weights, for benches. The bytes depend on
 * shape, type, context length, vocabulary size and seed alone, whatever the number of threads.
 */
@Command(
    name = "synthesize",
    description = "Writes a model of a real shape with seeded random weights.")
final class SynthesizeCommand implements Callable<Integer> {
  @Option(
      names = "--shape",
      required = true,
      paramLabel = "NAME",
      description =
          "llama-60m, tinyllama-1.1b, llama-3.2-1b, llama-2-7b, llama-3-8b, llama-65b or"
              + " llama-2-70b.")
  private String shapeName;

  @Option(
      names = "--type",
      required = true,
      paramLabel = "TYPE",
      description = "The matrices' type or mix, such as F16, Q8_0, Q4_0 or Q4_K_M.")
  private String typeName;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "The random generator's seed (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--context-length",
      paramLabel = "N",
      description = "The model's context; 0 takes the shape's (default: 0).")
  private int contextLength;

  @Option(
      names = "--vocabulary-size",
      paramLabel = "N",
      description = "The model's tokens, 260 to 400000; 0 takes the shape's (default: 0).")
  private int vocabularySize;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that fill tensors; 0 takes all processors (default: 0).")
  private int threads;

  @Parameters(paramLabel = "OUT.gguf", description = "The file; an existing one is replaced.")
  private Path path;

  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    ModelShape shape = shape();
    QuantizationMix mix = mix();
    if (threads < 0) {
      throw new InvalidConfigurationException("--threads must be at least 0: " + threads);
    }
    if (contextLength < 0) {
      throw new InvalidConfigurationException(
          "--context-length must be at least 0: " + contextLength);
    }
    if (vocabularySize != 0 && (vocabularySize < 260 || vocabularySize > 400_000)) {
      throw new InvalidConfigurationException(
          "--vocabulary-size must be 0 or between 260 and 400000: " + vocabularySize);
    }
    if (Files.isDirectory(path)) {
      throw new InvalidConfigurationException("The output is a folder; name a file: " + path);
    }
    SyntheticModel model = new SyntheticModel(shape, mix, contextLength, vocabularySize);
    List<SyntheticTensor> tensors = model.tensors();
    GgufContents contents = contents(model, tensors, seed);
    long total = tensors.stream().mapToLong(tensor -> tensor.rows() * tensor.rowBytes()).sum();
    long elements = tensors.stream().mapToLong(tensor -> tensor.rows() * tensor.columns()).sum();
    int workers = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    long begin = System.nanoTime();
    try (WriteProgress progress = WriteProgress.of(command.commandLine().getErr())) {
      new SyntheticModelWriter(tensors, seed, workers)
          .write(path, contents, written -> progress.show(written, total));
    }
    double seconds = (System.nanoTime() - begin) * 1e-9;
    output.print(
        json -> {
          json.writeStringField("output", path.toString());
          json.writeStringField("shape", shape.label());
          json.writeStringField("type", mix.label());
          json.writeNumberField("seed", seed);
          json.writeNumberField("elements", elements);
          json.writeNumberField("bytes", Files.size(path));
          json.writeNumberField("seconds", Math.round(seconds * 1000) / 1000.0);
        },
        () ->
            String.format(
                Locale.ROOT,
                "%s: %s as %s, %,d weights, %s",
                path,
                shape.label(),
                mix.label(),
                elements,
                ByteCount.readable(total)));
    return 0;
  }

  static GgufContents contents(SyntheticModel model, List<SyntheticTensor> tensors, long seed) {
    GgufContents contents = new GgufContents();
    model.metadata(seed).forEach(contents::put);
    for (SyntheticTensor tensor : tensors) {
      boolean vector = tensor.content() instanceof SyntheticTensor.Content.Numbers;
      long[] dimensions =
          vector ? new long[] {tensor.columns()} : new long[] {tensor.columns(), tensor.rows()};
      contents.tensor(tensor.name(), tensor.type(), dimensions);
    }
    return contents;
  }

  private ModelShape shape() {
    try {
      return ModelShape.ofLabel(shapeName);
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigurationException(e.getMessage(), e);
    }
  }

  private QuantizationMix mix() {
    return QuantizationMix.ofLabel(typeName)
        .orElseThrow(
            () ->
                new InvalidConfigurationException(
                    "There is no such type; known are "
                        + String.join(", ", QuantizationMix.labels())
                        + ": "
                        + typeName));
  }
}
