package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.jni.NativeLibrary;
import io.sparkllama.engine.quantization.ModelQuantizer;
import io.sparkllama.engine.quantization.QuantizationPlan;
import io.sparkllama.engine.quantization.QuantizationRecipe;
import io.sparkllama.engine.quantization.TensorLoss;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Writes a model with its weights in another type. The bytes depend on the model and the type
 * alone, whatever the number of threads and the processor.
 */
@Command(name = "quantize", description = "Writes a model with its weights in another type.")
final class QuantizeCommand implements Callable<Integer> {
  /** Each takes memory; no disk feeds more. */
  private static final int MOST_THREADS = 256;

  @Option(
      names = "--type",
      required = true,
      paramLabel = "TYPE",
      description =
          "The type, or mix of types, as llama.cpp names it: F32, F16, BF16, Q4_0, Q4_1, Q5_0,"
              + " Q5_1, Q8_0, Q2_K, Q3_K_S, Q3_K_M, Q3_K_L, Q4_K_S, Q4_K_M, Q5_K_S, Q5_K_M, Q6_K"
              + " or IQ4_NL.")
  private String typeName;

  @Option(names = "--overwrite", description = "Replace the output where it exists.")
  private boolean overwrite;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that quantize; 0 takes all processors (default: 0).")
  private int threads;

  @Option(
      names = "--native-dir",
      paramLabel = "DIR",
      description = "Where the native library is extracted or found.")
  private Path nativeDirectory;

  @Parameters(
      index = "0",
      paramLabel = "IN.gguf",
      description = "The model: a GGUF file, or one part of a split model.")
  private Path source;

  @Parameters(index = "1", paramLabel = "OUT.gguf", description = "The file to write, always one.")
  private Path target;

  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    QuantizationRecipe recipe = recipe();
    if (threads < 0 || threads > MOST_THREADS) {
      throw new InvalidConfigurationException(
          "--threads must be 0 to " + MOST_THREADS + ": " + threads);
    }
    GgufFile model = GgufFile.read(source);
    checkTarget(model);
    QuantizationPlan plan = QuantizationPlan.of(model, recipe);
    requireRoom(plan.bytes());
    if (plan.requantizes()) {
      output.remark(
          "The model is quantized already, so that errors add up; quantize one in F32, F16 or BF16"
              + " where there is one.");
    }
    NativeLibrary.load(Optional.ofNullable(nativeDirectory));
    int workers =
        threads == 0 ? Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors()) : threads;
    long begin = System.nanoTime();
    List<TensorLoss> losses;
    try (WriteProgress progress = WriteProgress.of(command.commandLine().getErr())) {
      losses =
          new ModelQuantizer(plan, workers)
              .write(target, written -> progress.show(written, plan.bytes()));
    }
    printTensors(losses);
    printSummary(recipe, plan, losses, (System.nanoTime() - begin) * 1e-9);
    return ExitCode.OK;
  }

  private QuantizationRecipe recipe() {
    return QuantizationRecipe.ofLabel(typeName)
        .orElseThrow(
            () ->
                new InvalidConfigurationException(
                    "There is no such type to quantize to; known are "
                        + String.join(", ", QuantizationRecipe.labels())
                        + ": "
                        + typeName));
  }

  private void checkTarget(GgufFile model) throws IOException {
    if (Files.isDirectory(target)) {
      throw new InvalidConfigurationException("The output is a folder; name a file: " + target);
    }
    for (Path part : model.parts()) {
      if (isSame(part, target) || isSame(part, GgufWriter.temporary(target))) {
        throw new InvalidConfigurationException(
            "The output, or what it is called while it is written, is the model itself; name"
                + " another file: "
                + target);
      }
    }
    if (!overwrite && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new InvalidConfigurationException(
          "The output exists already; name another file, or replace it with --overwrite: "
              + target);
    }
  }

  private static boolean isSame(Path part, Path written) throws IOException {
    return Files.exists(written) && Files.isSameFile(part, written);
  }

  private void requireRoom(long bytes) throws IOException {
    Path folder = target.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder)) {
      throw new InvalidConfigurationException(
          "The output's folder does not exist; make it, or name another: " + folder);
    }
    long usable = Files.getFileStore(folder).getUsableSpace();
    if (usable < bytes) {
      throw new InvalidConfigurationException(
          "The output does not fit on its disk; free some space, or name a file on another: needs "
              + bytes
              + " bytes, has "
              + usable
              + ": "
              + folder);
    }
  }

  private void printTensors(List<TensorLoss> losses) throws IOException {
    for (TensorLoss loss : losses) {
      output.print(
          json -> {
            json.writeStringField("tensor", loss.name());
            json.writeStringField("from", loss.from().name());
            json.writeStringField("to", loss.to().name());
            json.writeNumberField("elements", loss.elements());
            json.writeNumberField("bytes", loss.bytes());
            json.writeNumberField("relative_rms_error", loss.relativeError());
          },
          () -> line(loss));
    }
  }

  private static String line(TensorLoss loss) {
    return loss.isChanged()
        ? String.format(
            Locale.ROOT,
            "%-32s %-4s to %-6s error %.3f%%",
            loss.name(),
            loss.from(),
            loss.to(),
            100 * loss.relativeError())
        : String.format(Locale.ROOT, "%-32s %-4s stays", loss.name(), loss.from());
  }

  private void printSummary(
      QuantizationRecipe recipe, QuantizationPlan plan, List<TensorLoss> losses, double seconds)
      throws IOException {
    double squares = losses.stream().mapToDouble(TensorLoss::squares).sum();
    double squaredErrors = losses.stream().mapToDouble(TensorLoss::squaredErrors).sum();
    double error = TensorLoss.relativeError(squares, squaredErrors);
    double bits = 8.0 * plan.bytes() / plan.elements();
    output.print(
        json -> {
          json.writeStringField("output", target.toString());
          json.writeStringField("type", recipe.name());
          json.writeNumberField("tensors", losses.size());
          json.writeNumberField("elements", plan.elements());
          json.writeNumberField("source_bytes", plan.sourceBytes());
          json.writeNumberField("bytes", plan.bytes());
          json.writeNumberField("relative_rms_error", error);
          json.writeNumberField("seconds", Math.round(seconds * 1000) / 1000.0);
        },
        () ->
            String.format(
                Locale.ROOT,
                "%s: %s, %,d weights, %s, was %s, %.2f bits a weight, error %.3f%%",
                target,
                recipe,
                plan.elements(),
                ByteCount.readable(plan.bytes()),
                ByteCount.readable(plan.sourceBytes()),
                bits,
                100 * error));
  }
}
