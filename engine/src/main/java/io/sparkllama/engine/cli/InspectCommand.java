package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Shows what a model file holds and the memory it needs, without loading it; and how fast it can be
 * on this machine, whether or not it fits.
 */
@Command(name = "inspect", description = "Shows what a model file holds and the memory it needs.")
final class InspectCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "FILE",
      description = "A GGUF file, or one part of a split model; it need not be a whole model.")
  private Path path;

  @Option(
      names = "--speed",
      description =
          "Measures this machine for a second, and says how fast the model can be on it at most.")
  private boolean measuresSpeed;

  @Mixin private ResultOutput output;
  @Mixin private HelpOption help;

  @Override
  public Integer call() throws IOException {
    try {
      GgufFile file = GgufFile.read(path);
      ModelSummary summary = new ModelSummary(file);
      Optional<ExpectedSpeed> speed = measuresSpeed ? speed(summary) : Optional.empty();
      output.print(
          new SummaryJson(summary, speed)::write, () -> new SummaryText(summary, speed).text());
      return ExitCode.OK;
    } catch (ModelFormatException | InvalidConfigurationException e) {
      if (!output.isJson()) {
        throw e;
      }
      output.print(json -> json.writeStringField("error", FailureReport.sentence(e)), () -> "");
      return ExitCode.USAGE;
    }
  }

  private static Optional<ExpectedSpeed> speed(ModelSummary summary) {
    return summary
        .work()
        .map(work -> new ExpectedSpeed(work, MachinePeaks.measured(EngineOptions.defaults())));
  }
}
